/** The groups of kernels that have variants: what there is to choose from, what a probe times and what a self-test computes. */

import { beamSettings, HYPOTHESIS, HYPOTHESIS_FIELDS, TRACE_FIELDS, type BeamState } from "../../ops/beam-state";
import type { Operations } from "../../ops/operations";
import type { LinearOptions } from "../../ops/ops";
import { drawWords, samplerWords } from "../../ops/sampling";
import { bitsOf } from "../../tensor/tensor";
import { kernelsOf } from "./operations";
import type { Group, Samples, SelfTest } from "./self-test";
import type { Tuning } from "./tuning";

/** x w^T with everything that the layers of a model do to it. Odd sizes, so that rows and columns are padded. */
const product =
  (rows: number, [n, k]: [number, number], mode: "plain" | "normed" | "residual"): SelfTest =>
  (samples) => {
    // Rows of a batch in decoding, positions of a sentence otherwise.
    const [b, t] = rows <= 16 ? [rows, 1] : [1, rows];
    const [x, w] = [samples.floats(b, t, k), samples.matrix(n, k)];
    const options: LinearOptions = { bias: samples.floats(n), activation: "relu" };
    if (mode === "normed") options.norm = samples.norm(k);
    if (mode === "residual") {
      options.activation = "none";
      options.residual = samples.floats(b, t, n);
      options.residualNorm = samples.norm(n);
    }
    return () => [samples.ops.linear(x, w, options)];
  };

const projection =
  (b: number, t: number): SelfTest =>
  (samples) => {
    const [x, w, bias] = [samples.floats(b, t, 44), samples.matrix(3 * 20, 44), samples.floats(3 * 20)];
    const cache = samples.zeros(b, t + 3, 2 * 20);
    const offset = samples.words([b], (i) => i % 3);
    const norm = samples.norm(44);
    return () => {
      const { query } = samples.ops.projectQueryKeyValue(x, w, { bias, norm, cache, offset });
      return [query, cache];
    };
  };

const attention =
  (b: number, t: number, c: number, group: number): SelfTest =>
  (samples) => {
    const query = samples.floats(b, t, 2 * 20);
    const cache = samples.floats(b / group, c, 4 * 20);
    const mask = samples.words([b / group, c], (i) => (i % 5 === 3 ? 0 : 1));
    const causalFrom = samples.words([b], () => c - t);
    return () => [
      samples.ops.attention(query, cache, { heads: 2, mask }),
      samples.ops.attention(query, cache, { heads: 2, causalFrom }),
    ];
  };

/** The scores of a vocabulary of v tokens, of which a search goes on. */
function selected(samples: Samples, rows: number, v: number, k: number) {
  const [x, w, bias] = [samples.floats(rows, 1, k), samples.matrix(v, k), samples.floats(v)];
  const state = {
    token: samples.words([rows, 1]),
    position: samples.words([rows]),
    finished: samples.words([rows]),
    history: samples.words([8, rows]),
    logprobs: samples.zeros(8, rows),
    eos: samples.words([1], () => v),
    pad: 0,
  };
  const scores = (ops: Operations) => ops.linear(x, w, { bias, scores: true });
  return { state, scores };
}

/** The scores of a decoder that ends with a norm of a norm. */
const normalisedTwice =
  (rows: number, v: number): SelfTest =>
  (samples) => {
    const [x, w, bias] = [samples.floats(rows, 1, 44), samples.matrix(v, 44), samples.floats(v)];
    const norm = { ...samples.norm(44), earlier: samples.norm(44) };
    return () => [samples.ops.logSoftmax(samples.ops.linear(x, w, { bias, norm, scores: true }))];
  };

const greedy =
  (rows: number, v: number): SelfTest =>
  (samples) => {
    const { state, scores } = selected(samples, rows, v, 44);
    return () => {
      samples.ops.selectGreedy(scores(samples.ops), state);
      return [state.token, state.position, state.logprobs];
    };
  };

const sampled =
  (rows: number, v: number): SelfTest =>
  (samples) => {
    const { state, scores } = selected(samples, rows, v, 44);
    const warpers = { temperature: 0.5, topK: 20, topP: 0.9, typicalP: 0.9, epsilonCutoff: 0, etaCutoff: 0 };
    const words = [
      ...samplerWords(warpers),
      ...drawWords(Array.from({ length: 8 * rows }, (_, i) => (i % 8) / 8 + 0.05)),
    ];
    const sampler = samples.words([words.length], (i) => words[i]);
    return () => {
      samples.ops.sample(samples.ops.topK(scores(samples.ops), 32), state, sampler);
      return [state.token, state.position, state.logprobs];
    };
  };

const beamScores =
  (rows: number, v: number): SelfTest =>
  (samples) => {
    const { scores } = selected(samples, rows, v, 44);
    return () => [samples.ops.logSoftmax(scores(samples.ops))];
  };

/** A step of beam search. Running scores lie in u32 by their bits, so what is compared is what they lead to. */
const beamStep =
  (sentences: number, beams: number, v: number): SelfTest =>
  (samples) => {
    const rows = sentences * beams;
    const sizes = { endTokens: 1, capacity: 8 };
    const rules = { maxLength: 8, promptLength: 1, eosTokenIds: [2], lengthPenalty: 1, earlyStopping: false };
    const settings = beamSettings(rules, sizes);
    const runningOf = (i: number): number => (i % HYPOTHESIS_FIELDS === HYPOTHESIS.running ? bitsOf(-i / 10) : 0);
    const { scores } = selected(samples, rows, v, 44);
    const state: BeamState = {
      beams,
      endTokens: sizes.endTokens,
      token: samples.words([rows, 1]),
      position: samples.words([rows]),
      ancestors: samples.words([2, sizes.capacity, rows], (i) => i % rows),
      trace: samples.words([sizes.capacity, TRACE_FIELDS, rows]),
      hypotheses: samples.words([rows, HYPOTHESIS_FIELDS], runningOf),
      done: samples.words([sentences]),
      settings: samples.words([settings.length], (i) => settings[i]),
    };
    return () => {
      const logprobs = samples.ops.logSoftmax(scores(samples.ops));
      samples.ops.advanceBeams(samples.ops.beamCandidates(logprobs, state), state, v);
      return [state.token, state.position, state.ancestors];
    };
  };

const embedded =
  (t: number, v: number, d: number): SelfTest =>
  (samples) => {
    const [ids, table, norm] = [samples.words([1, t], (i) => (7 * i) % v), samples.matrix(v, d), samples.norm(d)];
    return () => [samples.ops.embed(ids, table, { scale: 2, norm })];
  };

const normalised =
  (rows: number, width: number): SelfTest =>
  (samples) => {
    const [x, norm] = [samples.floats(1, rows, width), samples.norm(width)];
    return () => [samples.ops.layerNorm(x, norm), samples.ops.layerNorm(x, { ...norm, kind: "rms" })];
  };

const softmax =
  (rows: number, width: number): SelfTest =>
  (samples) => {
    const x = samples.floats(1, rows, width);
    return () => [samples.ops.softmax(x)];
  };

export const groups: readonly Group[] = [
  {
    // The first, since kernels of other groups add up in this way, too.
    name: "reduction",
    fields: ["reduction"],
    variants: [
      { name: "levels", tuning: { reduction: "levels" } },
      { name: "subgroups", tuning: { reduction: "subgroups" }, feature: "subgroups" },
    ],
    work(samples) {
      // What beams take most of their time for, and a row by itself.
      const [x, norm, w, bias] = [
        samples.floats(1, 1, 512),
        samples.norm(512),
        samples.matrix(512, 512),
        samples.floats(512),
      ];
      const [beams, cache] = [samples.floats(4, 1, 512), samples.floats(1, 64, 1024)];
      const { state, scores } = selected(samples, 1, 4096, 64);
      return (ops) => {
        const mixed = ops.attention(beams, cache, { heads: 8 });
        ops.selectGreedy(scores(ops), state);
        return [ops.layerNorm(x, norm), ops.linear(x, w, { bias, norm }), ops.linear(mixed, w, { bias, norm })];
      };
    },
    tests: [
      { name: "normalised rows", test: normalised(3, 301) },
      { name: "softmax", test: softmax(3, 9) },
      { name: "normalised tokens", test: embedded(5, 31, 301) },
      { name: "the sums of four rows", test: product(4, [101, 77], "normed") },
      { name: "the norm of a norm", test: normalisedTwice(2, 1003) },
      { name: "the maxima of four queries", test: attention(4, 1, 37, 2) },
      { name: "the best of a row", test: sampled(1, 1003) },
      { name: "the best of four beams", test: beamStep(1, 4, 1003) },
    ],
  },
  {
    name: "matvec",
    fields: ["matvec"],
    variants: [
      { name: "auto", tuning: { matvec: "auto" } },
      { name: "rows", tuning: { matvec: "rows" } },
      { name: "group", tuning: { matvec: "group" } },
    ],
    work(samples) {
      // A sentence, its beams, and a batch; into the feed-forward layer and out of it.
      const [wide, narrow] = [samples.matrix(2048, 512), samples.matrix(512, 2048)];
      const [biasOfWide, bias, norm] = [samples.floats(2048), samples.floats(512), samples.norm(512)];
      const rows = [1, 4, 16].map((b) => [samples.floats(b, 1, 512), samples.floats(b, 1, 2048)]);
      return (ops) =>
        rows.flatMap(([x, inner]) => [
          ops.linear(x, wide, { bias: biasOfWide, norm }),
          ops.linear(inner, narrow, { bias, residual: x }),
        ]);
    },
    tests: [
      { name: "a product of one row", test: product(1, [101, 77], "normed") },
      { name: "a product with a residual", test: product(1, [101, 77], "residual") },
      { name: "a product of four rows", test: product(4, [101, 77], "normed") },
      { name: "a product of eleven rows", test: product(11, [101, 77], "plain") },
      { name: "query, key and value of new tokens", test: projection(3, 1) },
    ],
  },
  {
    name: "matmul",
    fields: ["matmul", "fullGrid"],
    variants: [
      { name: "tiles", tuning: { matmul: "tiles", fullGrid: 256 } },
      { name: "tiles for few cores", tuning: { matmul: "tiles", fullGrid: 48 } },
      { name: "register", tuning: { matmul: "register" } },
    ],
    work(samples) {
      // So few tiles that the GPU is not full, and more than enough.
      const [short, long] = [samples.floats(1, 96, 512), samples.floats(1, 512, 512)];
      const [w, wide] = [samples.matrix(512, 512), samples.matrix(2048, 512)];
      const [bias, biasOfWide] = [samples.floats(512), samples.floats(2048)];
      return (ops) => [ops.linear(short, w, { bias }), ops.linear(long, wide, { bias: biasOfWide })];
    },
    tests: [
      { name: "a product of many rows", test: product(83, [101, 77], "plain") },
      { name: "a product of many rows with norms", test: product(83, [101, 77], "residual") },
      { name: "query, key and value of a source", test: projection(1, 83) },
    ],
  },
  {
    name: "attention",
    fields: ["attention"],
    variants: [
      { name: "split", tuning: { attention: "split" } },
      { name: "group", tuning: { attention: "group" } },
    ],
    work(samples) {
      const [query, cache] = [samples.floats(4, 1, 512), samples.floats(1, 128, 1024)];
      const [beams, own] = [samples.floats(4, 1, 512), samples.floats(4, 64, 1024)];
      return (ops) => [ops.attention(query, cache, { heads: 8 }), ops.attention(beams, own, { heads: 8 })];
    },
    tests: [
      { name: "attention of new tokens", test: attention(4, 1, 37, 2) },
      { name: "attention of a source", test: attention(1, 37, 37, 1) },
    ],
  },
  {
    name: "selection",
    fields: ["selection"],
    variants: [
      { name: "parts", tuning: { selection: "parts" } },
      { name: "row", tuning: { selection: "row" } },
    ],
    work(samples) {
      const { state, scores } = selected(samples, 1, 8192, 64);
      return (ops) => {
        ops.selectGreedy(scores(ops), state);
        return [];
      };
    },
    tests: [
      { name: "the next token", test: greedy(2, 1003) },
      { name: "a drawn token", test: sampled(3, 1003) },
      { name: "the scores of beams", test: beamScores(3, 1003) },
      { name: "a step of beams", test: beamStep(2, 3, 1003) },
    ],
  },
];

/** Of the code of the kernels: what is kept of others says nothing of these. */
export function versionOf(tuning: Tuning): string {
  const texts = new Set(kernelsOf(tuning).flatMap(({ shader }) => Object.values(shader)));
  let hash = 0x811c9dc5;
  for (const text of texts) {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0).toString(16);
}
