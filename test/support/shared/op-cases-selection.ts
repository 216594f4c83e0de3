/** Cases of src/ops/selection.ts. */

import { drawWords, sampledCandidates, samplerWords } from "../../../src/ops/sampling";
import type { Warpers } from "../../../src/util/warpers";
import { LEAST } from "../../../src/util/scores";
import type { LogitsProcessors, ProcessorState } from "../../../src/ops/logits-processors";
import type { Selection } from "../../../src/ops/ops";
import { add, type Bench } from "./op-bench";
import { noRules, ruleState, ruleTensors } from "./processors-table";

// --- greedy selection ---
export function selection(bench: Bench, b: number, eos: number[], finished: number[]): Selection {
  return {
    token: bench.zeros([b, 1], "u32"),
    position: bench.u32([b], new Array<number>(b).fill(2)),
    finished: bench.u32([b], finished),
    history: bench.zeros([5, b], "u32"),
    logprobs: bench.zeros([5, b]),
    eos: bench.u32([eos.length], eos),
    pad: 3,
  };
}
for (const [b, v, deviation] of [
  [1, 4, 1],
  [2, 5, 1],
  [3, 63, 2],
  [4, 64, 2],
  [5, 65, 4],
  [1, 257, 30],
  [2, 6007, 4],
]) {
  add(`selectGreedy B${b} V${v} deviation ${deviation}`, (bench) => {
    const logits = bench.f32([b, 1, v], deviation);
    const state = selection(
      bench,
      b,
      [1, 2],
      Array.from({ length: b }, (_, i) => (i === 1 ? 1 : 0)),
    );
    return () => {
      bench.ops.selectGreedy(logits, state);
      return [state.token, state.position, state.finished, state.history, state.logprobs];
    };
  });
}
add("selectGreedy takes the lowest of equal logits", (bench) => {
  const data = new Float32Array(2 * 200).fill(-1);
  for (const at of [150, 70, 199, 200 + 64, 200 + 128]) data[at] = 7;
  const logits = bench.ops.create([2, 1, 200], "f32", "activations", data);
  const state = selection(bench, 2, [70], [0, 0]);
  return () => {
    bench.ops.selectGreedy(logits, state);
    return [state.token, state.finished, state.logprobs];
  };
});
add("selectGreedy where every logit is very low", (bench) => {
  const logits = bench.f32([1, 1, 70], 1, -1e9);
  const state = selection(bench, 1, [1], [0]);
  return () => {
    bench.ops.selectGreedy(logits, state);
    return [state.token];
  };
});

// --- sampling: thousands of draws, each as the specification draws it ---
const noWarpers: Warpers = { temperature: 1, topK: 50, topP: 1, typicalP: 1, epsilonCutoff: 0, etaCutoff: 0 };
const SAMPLED_STEPS = 8;
const warped: Partial<Warpers>[] = [
  {},
  { topK: 1 },
  { topK: 240, temperature: 1.7 },
  { topP: 0.7 },
  { temperature: 0.6, topK: 20, topP: 0.9 },
  { minP: 0.05 },
  { typicalP: 0.6 },
  { epsilonCutoff: 0.02, etaCutoff: 0.1 },
  { etaCutoff: 0.3 },
  { topH: 0.4, topK: 0 },
  // Without top_k: the candidates are enough for some rows, and not for others.
  { topP: 0.65, topK: 0, typicalP: 0.9 },
  { minP: 0.12, topK: 0, temperature: 0.9 },
  { typicalP: 0.3, topK: 0, temperature: 0.7 },
  { epsilonCutoff: 0.004, topK: 0 },
  { etaCutoff: 0.01, topK: 0 },
  {
    temperature: 1.3,
    topH: 0.9,
    topK: 70,
    topP: 0.95,
    minP: 0.002,
    typicalP: 0.95,
    epsilonCutoff: 0.003,
    etaCutoff: 0.003,
  },
];
for (const [b, v, banned] of [
  [64, 503, 0],
  [3, 5, 0],
  [31, 2999, 0.99],
]) {
  // Of the other sizes a third of them.
  for (const given of warped.filter((_, i) => b === 64 || i % 3 === 0)) {
    const text = Object.entries(given)
      .map(([name, value]) => `${name} ${value}`)
      .join(" ");
    add(`topK sample B${b} V${v}${banned ? " most banned" : ""} ${text || "top_k 50"}`, (bench) => {
      const { rng, ops } = bench;
      const warpers = { ...noWarpers, ...given };
      const data = rng.normal(b * v, 2).map((score) => (rng.next() < banned ? LEAST : Math.round(16 * score) / 16));
      const logits = bench.keep(ops.create([b, 1, v], "f32", "activations", data));
      const draws = Array.from({ length: b * SAMPLED_STEPS }, () => rng.next());
      const words = [...samplerWords(warpers), ...drawWords(draws)];
      const sampler = bench.u32([words.length], words);
      const state: Selection = {
        token: bench.zeros([b, 1], "u32"),
        position: bench.zeros([b], "u32"),
        finished: bench.u32(
          [b],
          Array.from({ length: b }, (_, i) => (i === 1 ? 1 : 0)),
        ),
        history: bench.zeros([SAMPLED_STEPS, b], "u32"),
        logprobs: bench.zeros([SAMPLED_STEPS, b]),
        eos: bench.u32([1], [v]),
        pad: 3,
      };
      return () => {
        const { count, open } = sampledCandidates(warpers, v)!;
        const candidates = ops.topK(logits, count);
        const all = open ? logits : undefined;
        for (let step = 0; step < SAMPLED_STEPS; step++) ops.sample(candidates, state, sampler, all);
        return [state.token, state.position, state.finished, state.history, state.logprobs];
      };
    });
  }
}

// --- the k largest ---
for (const [rows, v, k] of [
  [1, 1, 1],
  [1, 7, 7],
  [3, 65, 5],
  [2, 1023, 1],
  [2, 1024, 8],
  [5, 1025, 8],
  [1, 3001, 64],
  [1, 8192, 33],
  [2, 8193, 64],
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

// --- logits processors: rows, sources, vocabulary, tokens of the longest sequence, of the longest source ---
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

/** Rules that change some of the scores of `rows` sequences of `length` tokens, or with `forced` all of them. */
export function fewRules(bench: Bench, rows: number, v: number, length: number, forced = false): ProcessorState {
  const { rng, ops } = bench;
  const few = {
    ...noRules,
    repetitionPenalty: 4,
    suppressTokens: [0, 5, 64, 128],
    sequenceBias: everyRule(v, length - 1).sequenceBias,
    ...(forced && { forcedEosTokenIds: [2, 6] }),
  };
  const state = ruleState(
    ops,
    {
      rules: few,
      context: { startTokenId: 1, eosTokenIds: [2, 5], promptLength: 1, maxLength: length + (forced ? 1 : 9) },
      sequences: Array.from({ length: rows }, () => [1, ...rng.integers(length - 1, v)]),
      sources: Array.from({ length: rows }, () => [...rng.integers(5, v)]),
    },
    false,
  );
  for (const tensor of ruleTensors(state)) bench.keep(tensor);
  return state;
}

// --- scores of a product, changed by logits processors, and the choice from them: only what was changed has new maxima ---
for (const [rows, v, length] of [
  [1, 130, 6],
  [3, 257, 40],
  [9, 1021, 13],
  [2, 6007, 70],
]) {
  for (const forced of [false, true]) {
    add(`linear processLogits selectGreedy B${rows} V${v} T${length}${forced ? " forced" : ""}`, (bench) => {
      const { ops } = bench;
      const [x, w, bias] = [bench.f32([rows, 1, 24], 2), bench.weight(v, 24), bench.f32([v])];
      const state = fewRules(bench, rows, v, length, forced);
      const chosen = selection(bench, rows, [2], new Array<number>(rows).fill(0));
      return () => {
        const scores = ops.linear(x, w, { bias, scores: true });
        ops.processLogits(scores, state);
        ops.selectGreedy(scores, chosen);
        return [scores, chosen.token, chosen.logprobs];
      };
    });
  }
}

// --- the k largest where a product has kept the maxima of its scores ---
for (const [rows, v, k, equal] of [
  [1, 7, 7, false],
  [3, 65, 5, false],
  [2, 6007, 64, false],
  [5, 1025, 256, false],
  [2, 6007, 64, true],
] as const) {
  add(`linear topK R${rows} V${v} k ${k}${equal ? " of equals" : ""}`, (bench) => {
    const x = bench.f32([rows, 1, 24], 2);
    const w = equal ? bench.zeros([v, 24]) : bench.weight(v, 24);
    const levels = Float32Array.from({ length: v }, (_, i) => (i % 11 === 5 ? LEAST : (i % 7) + 0.25));
    const bias = bench.keep(bench.ops.create([v], "f32", "weights", levels));
    return () => [bench.ops.topK(bench.ops.linear(x, w, { bias, scores: true }), k)];
  });
}
