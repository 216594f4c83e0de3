/** Operation cases of what comes after the logits: log-probabilities, the k largest, beam search. */

import { beamTensors, createBeams, startBeams } from "../../../src/generation/device/beam-readback";
import type { LogitsProcessors } from "../../../src/ops/logits-processors";
import { add } from "./op-bench";
import { noRules, ruleState, ruleTensors } from "./processors-table";

// --- log-probabilities, up to the largest vocabularies ---
for (const [rows, v, deviation] of [
  [1, 1, 1],
  [1, 2, 1],
  [3, 7, 3],
  [2, 63, 3],
  [5, 65, 3],
  [1, 257, 20],
  [4, 1021, 3],
  [2, 8001, 0.1],
  [1, 250_003, 2],
]) {
  add(`logSoftmax R${rows} V${v} deviation ${deviation}`, (bench) => {
    const x = bench.f32([rows, 1, v], deviation);
    return () => [bench.ops.logSoftmax(x)];
  });
}
add("logSoftmax where some or all is banned", (bench) => {
  const data = bench.rng.normal(3 * 70, 2);
  for (let i = 0; i < data.length; i++) if (i < 70 || i % 3 === 0) data[i] = -3e38;
  const x = bench.ops.create([3, 1, 70], "f32", "activations", data);
  return () => [bench.ops.logSoftmax(x)];
});

// --- the k largest ---
for (const [rows, v, k] of [
  [1, 1, 1],
  [1, 7, 7],
  [3, 65, 5],
  [2, 1023, 1],
  [2, 1024, 8],
  [5, 1025, 8],
  [1, 3001, 64],
  [2, 40_009, 20],
  [1, 150_001, 10],
]) {
  add(`topK R${rows} V${v} k ${k}`, (bench) => {
    const x = bench.f32([rows, 1, v], 3);
    return () => [bench.ops.topK(x, k)];
  });
}
add("topK of equals, of which the lowest go first", (bench) => {
  const x = bench.ops.create(
    [2, 1, 2500],
    "f32",
    "activations",
    Float32Array.from({ length: 5000 }, (_, i) => (i % 7) - 3),
  );
  return () => [bench.ops.topK(x, 40)];
});

// --- beam search: sentences, beams, vocabulary, end tokens, steps, length penalty, early stopping ---
const beamSizes: [number, number, number, number, number, number, boolean | "never"][] = [
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
];
for (const [sentences, beams, v, endTokens, steps, lengthPenalty, earlyStopping] of beamSizes) {
  const options = `length_penalty ${lengthPenalty} early_stopping ${earlyStopping}`;
  add(
    `beamCandidates advanceBeams backtrace B${sentences * beams} G${beams} V${v} E${endTokens} steps ${steps} ${options}`,
    (bench) => {
      const state = createBeams(bench.ops, { sentences, beams, endTokens, capacity: steps });
      for (const tensor of beamTensors(state)) bench.keep(tensor);
      startBeams(bench.ops, state, {
        startTokenId: 0,
        maxLength: steps + 1,
        eosTokenIds: Array.from({ length: endTokens }, (_, i) => i + 2),
        lengthPenalty,
        earlyStopping,
      });
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

// --- rules on scores: rows, sources, vocabulary, tokens of the longest sequence, of the longest source ---
const everyRule = (v: number, length: number): LogitsProcessors => {
  const t = (id: number): number => id % v;
  return {
    sequenceBias: [
      [[t(3)], 1.5],
      [[t(1), t(3)], -0.75],
      [[t(2), t(1), t(3)], 2],
      [[t(4), t(5)], 3],
      [[t(3)], -1.25],
    ],
    encoderRepetitionPenalty: 1.7,
    repetitionPenalty: 1.3,
    noRepeatNgramSize: 3,
    encoderNoRepeatNgramSize: 2,
    badWordsIds: [[t(7)], [t(1), t(2)], [t(3), t(4), t(1)], [t(2)]],
    minLength: length,
    forcedBosTokenId: t(2),
    forcedEosTokenIds: [t(2), t(6)],
    exponentialDecay: [1, 1.1],
    suppressTokens: [t(8), t(9), v - 1],
    beginSuppressTokens: [t(4), t(5)],
    forcedDecoderIds: [
      [5, t(3)],
      [5, t(4)],
      [900, 0],
    ],
  };
};
for (const [rows, sources, v, length, source] of [
  [1, 1, 7, 1, 1],
  [1, 1, 11, 2, 3],
  [3, 3, 65, 6, 9],
  [4, 2, 257, 40, 30],
  [6, 2, 1021, 13, 70],
  [5, 1, 6007, 200, 17],
  [2, 1, 40, 1100, 1030],
]) {
  for (const scattered of [false, true]) {
    add(`processLogits R${rows} B${sources} V${v} T${length} S${source}${scattered ? " scattered" : ""}`, (bench) => {
      const { rng, ops } = bench;
      // Few different tokens in the sequences, so that they come again; of the sources some are beyond the vocabulary.
      const sequence = (n: number): number[] => [1, ...rng.integers(n - 1, Math.min(v, 6))];
      const inputs = {
        rules: everyRule(v, length - 1),
        context: { startTokenId: 1, eosTokenIds: [2, 5, 2], promptLength: 1, maxLength: length + 2 },
        sequences: Array.from({ length: rows }, (_, row) => sequence(Math.max(1, length - row))),
        sources: Array.from({ length: sources }, (_, i) => [...rng.integers(Math.max(1, source - i), v + 3)]),
      };
      // Once with the penalties alone, which show where nothing is banned.
      const few = {
        ...noRules,
        repetitionPenalty: 1.3,
        encoderRepetitionPenalty: 0.8,
        sequenceBias: inputs.rules.sequenceBias,
      };
      const scores = [0, 1].map(() => bench.f32([rows, 1, v], 3));
      const states = [inputs, { ...inputs, rules: few }].map((given) => {
        const state = ruleState(ops, given, scattered);
        for (const tensor of ruleTensors(state)) bench.keep(tensor);
        return state;
      });
      return () => {
        states.forEach((state, i) => ops.processLogits(scores[i], state));
        return scores;
      };
    });
  }
}
