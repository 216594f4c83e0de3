/** Cases of src/ops/beams.ts: whole searches, step by step. */

import { beamTensors, createBeams, startBeams, startSentence } from "../../../src/generation/device/beam-readback";
import { HYPOTHESIS, HYPOTHESIS_FIELDS } from "../../../src/ops/beam-state";
import { bitsOf } from "../../../src/tensor/tensor";
import { LEAST } from "../../../src/util/scores";
import { add } from "./op-bench";
import { fewRules } from "./op-cases-selection";

// --- beam search: sentences, beams, vocabulary, end tokens, steps, length penalty, early stopping, prompt length ---
const beamSizes: [number, number, number, number, number, number, boolean | "never", number?][] = [
  [1, 1, 7, 1, 4, 1, false],
  [1, 2, 7, 1, 6, 1, false],
  [2, 3, 11, 2, 7, 0.6, false],
  [1, 4, 1021, 1, 6, 1, true],
  [3, 4, 65, 1, 12, 2, "never"],
  [1, 5, 6007, 1, 5, 0, false],
  [2, 7, 37, 3, 9, -0.5, true],
  [1, 8, 257, 8, 6, 1.3, false],
  [2, 16, 64, 1, 8, 1, "never"],
  [1, 32, 129, 2, 4, 1, true],
  [1, 28, 71, 8, 2, 1, false],
  [1, 64, 130, 3, 1, 1, false],
  [1, 2, 250_003, 1, 1, 1, false],
  [2, 3, 11, 1, 5, 1, false, 2],
  [3, 4, 65, 2, 6, 0.6, "never", 5],
];
for (const [sentences, beams, v, endTokens, steps, lengthPenalty, earlyStopping, promptLength = 1] of beamSizes) {
  const prompt = Array.from({ length: promptLength }, (_, i) => i % v);
  const options = `length_penalty ${lengthPenalty} early_stopping ${earlyStopping}${promptLength > 1 ? ` prompt ${promptLength}` : ""}`;
  add(
    `beamCandidates advanceBeams backtrace B${sentences * beams} G${beams} V${v} E${endTokens} steps ${steps} ${options}`,
    (bench) => {
      const state = createBeams(bench.ops, { sentences, beams, endTokens, capacity: promptLength - 1 + steps });
      for (const tensor of beamTensors(state)) bench.keep(tensor);
      startBeams(bench.ops, state, {
        promptLength,
        maxLength: promptLength + steps,
        eosTokenIds: Array.from({ length: endTokens }, (_, i) => i + 2),
        lengthPenalty,
        earlyStopping,
      });
      for (let slot = 0; slot < sentences; slot++) startSentence(bench.ops, state, prompt, slot);
      const logprobs = Array.from({ length: steps }, () => {
        const data = bench.rng.normal(sentences * beams * v, 2).map((x) => -Math.abs(x));
        // End tokens come early in some rows, and some tokens are banned.
        for (let i = 0; i < data.length; i++) {
          if (i % v >= 2 && i % v < 2 + endTokens && bench.rng.next() < 0.3) data[i] /= 50;
          if (i % 11 === 5) data[i] = -3e38;
        }
        return bench.keep(bench.ops.create([sentences * beams, 1, v], "f32", "activations", data));
      });
      return () => {
        const candidates = logprobs.map((x) => {
          const chosen = bench.ops.beamCandidates(x, state);
          bench.ops.advanceBeams(chosen, state, v);
          return chosen;
        });
        return [...candidates, bench.ops.backtrace(state), ...beamTensors(state)];
      };
    },
  );
}

// --- the best continuations where a product has kept the maxima of its scores; rules change some of them ---
for (const [sentences, beams, v, kind] of [
  [1, 4, 1021, ""],
  [2, 3, 5, ""],
  [1, 1, 6007, ""],
  [2, 5, 1021, "of equals"],
  [3, 4, 257, "with rules"],
  [1, 8, 130, "with rules"],
] as const) {
  const rows = sentences * beams;
  const rules = kind === "with rules";
  const operations = `linear logSoftmax ${rules ? "processLogits " : ""}beamCandidates`;
  add(`${operations} B${rows} G${beams} V${v} ${kind}`.trim(), (bench) => {
    const { ops, rng } = bench;
    const x = bench.f32([rows, 1, 24], 2);
    const w = kind === "of equals" ? bench.zeros([v, 24]) : bench.weight(v, 24);
    const levels = Float32Array.from({ length: v }, (_, i) => (i % 11 === 5 ? LEAST : i % 7));
    const bias = bench.keep(ops.create([v], "f32", "weights", levels));
    const state = createBeams(ops, { sentences, beams, endTokens: 1, capacity: 8 });
    for (const tensor of beamTensors(state)) bench.keep(tensor);
    const hypotheses = new Uint32Array(rows * HYPOTHESIS_FIELDS);
    for (let row = 0; row < rows; row++) {
      // So low that the sums are rounded as coarsely as log-softmax is.
      const running = row % beams === 2 ? LEAST : kind === "of equals" ? -8 : -8 - 3 * rng.next();
      hypotheses[row * HYPOTHESIS_FIELDS + HYPOTHESIS.running] = bitsOf(running);
    }
    ops.write(state.hypotheses, hypotheses);
    const changes = rules ? fewRules(bench, rows, v, 6) : undefined;
    return () => {
      const logprobs = ops.logSoftmax(ops.linear(x, w, { bias, scores: true }));
      if (changes) ops.processLogits(logprobs, changes);
      return [ops.beamCandidates(logprobs, state)];
    };
  });
}
