/** Cases of src/ops/linear.ts. Those of weights in fewer bits are in op-cases-formats.ts. */

import { activations as cpuActivations } from "../../../src/backends/cpu/math";
import type { Activation, LinearOptions } from "../../../src/ops/ops";
import { add } from "./op-bench";
import { selection } from "./op-cases-selection";

// --- linear: sizes first, then every option on few and on many rows ---
const linearSizes = [
  [1, 1, 1, 1],
  [1, 1, 2, 3],
  [1, 1, 3, 2],
  [1, 1, 4, 4],
  [1, 1, 7, 5],
  [1, 1, 24, 61],
  [1, 1, 64, 256],
  [1, 1, 257, 31],
  [1, 1, 256, 1021],
  [2, 1, 50, 37],
  [4, 1, 21, 22],
  [1, 4, 16, 129],
  [5, 1, 13, 17],
  [1, 5, 4, 4],
  [1, 6, 33, 65],
  [2, 7, 128, 12],
  [3, 11, 50, 97],
  [1, 33, 64, 64],
  [1, 64, 37, 41],
  [2, 35, 100, 258],
  [8, 1, 65, 70],
  [16, 1, 132, 13],
  [3, 13, 70, 1030],
  [1, 130, 40, 2050],
  [11, 1, 40, 520],
  [1, 1, 2100, 40],
  [4, 1, 1030, 21],
];
for (const [b, t, k, n] of linearSizes) {
  add(`linear B${b} T${t} K${k} N${n}`, (bench) => {
    const x = bench.f32([b, t, k]);
    const w = bench.weight(n, k);
    const bias = bench.f32([n]);
    return () => [bench.ops.linear(x, w, { bias })];
  });
}
// --- the scores of a vocabulary, and the choice of a token from them: by the maxima that the product keeps, or after a change ---
for (const [b, k, n, mode] of [
  [1, 7, 5, ""],
  [1, 64, 1021, "norm"],
  [2, 33, 97, "rms norm scale"],
  [3, 50, 259, "norm"],
  [5, 21, 130, "rms norm scale"],
  [8, 40, 61, "norm"],
  [13, 24, 301, "norm"],
  [16, 130, 66, ""],
  [19, 20, 70, "norm"],
  [1, 16, 9001, "norm"],
  [1, 67, 1021, "norm after rms"],
  [4, 130, 97, "norm after norm"],
  [11, 41, 301, "rms norm after norm"],
  [19, 20, 70, "norm after norm"],
] as const) {
  for (const then of ["selectGreedy", "logSoftmax"] as const) {
    add(`linear ${then} B${b} K${k} N${n} ${mode}`.trimEnd(), (bench) => {
      const x = bench.f32([b, 1, k], 2, 0.5);
      const w = bench.weight(n, k);
      const bias = bench.f32([n]);
      const kind = mode.startsWith("rms") ? "rms" : "layer";
      const options: LinearOptions = { bias, scores: true };
      if (mode.includes("norm")) options.norm = { ...bench.norm(k), kind };
      if (options.norm && mode.includes("after"))
        options.norm = {
          ...options.norm,
          earlier: { ...bench.norm(k, 1e-3), kind: mode.includes("after rms") ? "rms" : "layer" },
        };
      if (mode.includes("scale")) options.scale = 0.37;
      const state = selection(bench, b, [1, 2], new Array<number>(b).fill(0));
      return () => {
        const scores = bench.ops.linear(x, w, options);
        if (then === "logSoftmax") return [bench.ops.logSoftmax(scores)];
        bench.ops.selectGreedy(scores, state);
        return [scores, state.token, state.logprobs];
      };
    });
  }
}
const activations = Object.keys(cpuActivations) as Activation[];
const linearModes = [
  "",
  "norm",
  "residual",
  "norm residual",
  "norm residual residualNorm",
  "scale",
  "gated",
  "rms norm",
  "rms norm gated",
  "rms norm residual residualNorm scale",
];
for (const [b, t] of [
  [1, 1],
  [3, 1],
  [7, 1],
  [2, 9],
]) {
  for (const activation of activations) {
    for (const mode of linearModes) {
      // Every activation once; every combination of options with three of them.
      if (mode && !["none", "relu", "gelu"].includes(activation)) continue;
      const [k, n] = activation === "gelu" ? [19, 30] : [32, 44];
      add(`linear B${b} T${t} K${k} N${n} ${activation} ${mode}`.trimEnd(), (bench) => {
        const x = bench.f32([b, t, k], 2, 0.5);
        const gated = mode.includes("gated");
        const w = bench.weight(gated ? 2 * n : n, k);
        const bias = bench.f32([gated ? 2 * n : n]);
        const kind = mode.includes("rms") ? "rms" : "layer";
        const options: LinearOptions = { bias, activation };
        if (gated) options.gated = true;
        if (mode.includes("norm")) options.norm = { ...bench.norm(k), kind };
        if (mode.includes("residual")) options.residual = bench.f32([b, t, n], 1, 0.3);
        if (mode.includes("residualNorm")) options.residualNorm = { ...bench.norm(n, 1e-3), kind };
        if (mode.includes("scale")) options.scale = 0.37;
        return () => [bench.ops.linear(x, w, options)];
      });
    }
  }
}
add("linear activations far from zero", (bench) => {
  const x = bench.f32([1, 6, 8], 30);
  const identity = Float32Array.from({ length: 64 }, (_, i) => (i % 9 === 0 ? 1 : 0));
  const w = bench.ops.create([8, 8], "f32", "activations", identity);
  const bias = bench.zeros([8]);
  return () => activations.map((activation) => bench.ops.linear(x, w, { bias, activation }));
});

// --- gated: a thread has columns of both halves. N is no multiple of four, or so large that tiles of many rows are used ---
for (const [b, t, k, n] of [
  [1, 1, 1, 1],
  [1, 1, 65, 70],
  [1, 1, 2100, 21],
  [4, 1, 130, 37],
  [4, 1, 1030, 6],
  [11, 1, 40, 59],
  [1, 11, 33, 515],
  [2, 17, 37, 131],
  [1, 19, 50, 258],
  [1, 35, 100, 259],
]) {
  for (const [kind, activation] of [
    ["rms", "gelu_new"],
    ["layer", "silu"],
  ] as const) {
    add(`linear gated B${b} T${t} K${k} N${n} ${kind} norm`, (bench) => {
      const [x, w, bias] = [bench.f32([b, t, k], 2, 0.5), bench.weight(2 * n, k), bench.f32([2 * n])];
      const norm = { ...bench.norm(k), kind };
      return () => [bench.ops.linear(x, w, { bias, norm, activation, gated: true })];
    });
  }
}
// Where the test lowers what a GPU binds at once, a half begins within a part.
add("linear gated B2 T3 K16 N21 in parts", (bench) => {
  const [x, w, bias] = [bench.f32([2, 3, 16]), bench.weight(42, 16), bench.f32([42])];
  return () => [bench.ops.linear(x, w, { bias, activation: "gelu", gated: true })];
});

// --- query, key and value in one product, into a new cache or at an offset of a given one ---
for (const [b, t, k, d, capacity] of [
  [1, 1, 4, 4, 1],
  [1, 1, 21, 21, 5],
  [1, 1, 50, 50, 7],
  [2, 1, 24, 24, 16],
  [4, 1, 8, 8, 3],
  [1, 4, 7, 7, 9],
  [1, 5, 24, 24, 8],
  [3, 6, 21, 21, 11],
  [2, 9, 50, 50, 9],
  [1, 33, 64, 64, 40],
  [2, 1, 10, 24, 5],
  [1, 7, 24, 15, 9],
  [16, 1, 40, 40, 3],
  [1, 33, 24, 35, 33],
  [2, 70, 24, 176, 80],
  [2, 70, 24, 175, 80],
  [1, 10, 24, 172, 12],
  [1, 1, 1060, 20, 3],
  [1, 1, 1060, 7, 3],
  [1, 3, 1060, 8, 5],
  [1, 3, 1060, 7, 5],
]) {
  for (const kind of [undefined, "layer", "rms"] as const) {
    add(`projectQueryKeyValue B${b} T${t} K${k} D${d} C${capacity} ${kind ?? ""}`.trimEnd(), (bench) => {
      const x = bench.f32([b, t, k]);
      const w = bench.weight(3 * d, k);
      const bias = bench.f32([3 * d]);
      const norm = kind && { ...bench.norm(k), kind };
      const given = capacity > t ? bench.zeros([b, capacity, 2 * d]) : undefined;
      const offset = given && bench.u32([b], bench.rng.integers(b, capacity - t + 1));
      return () => {
        const { query, cache } = bench.ops.projectQueryKeyValue(x, w, { bias, norm, cache: given, offset });
        return [query, cache];
      };
    });
  }
}

// --- rotary positions: B, T, K, heads, width of a head, how much of it is turned, capacity of the cache ---
for (const [b, t, k, heads, width, turned, capacity] of [
  [1, 1, 1, 1, 2, 2, 1],
  [2, 1, 9, 2, 6, 4, 5],
  [1, 3, 12, 3, 9, 8, 3],
  [3, 1, 20, 5, 3, 2, 7],
  [2, 5, 36, 4, 36, 32, 9],
  [1, 37, 52, 2, 52, 32, 37],
  [2, 33, 14, 1, 14, 10, 70],
  [1, 80, 40, 3, 10, 10, 80],
  [1, 9, 21, 3, 7, 6, 9],
  // More rows than a grid is wide.
  [1, 1031, 1, 1, 3, 2, 1031],
]) {
  for (const kind of [undefined, "layer"] as const) {
    const sizes = `B${b} T${t} K${k} H${heads} Dh${width} C${capacity}`;
    add(`projectQueryKeyValue rotary ${turned} ${sizes} ${kind ?? ""}`.trimEnd(), (bench) => {
      const d = heads * width;
      const x = bench.f32([b, t, k]);
      const w = bench.weight(3 * d, k);
      const bias = bench.f32([3 * d]);
      const norm = kind && { ...bench.norm(k), kind };
      const cache = capacity > t ? bench.zeros([b, capacity, 2 * d]) : undefined;
      const offset = cache && bench.u32([b], bench.rng.integers(b, capacity - t + 1));
      // Not angles: any table turns the pairs in the same way.
      const rotary = { table: bench.f32([capacity, turned]), heads };
      return () => {
        const made = bench.ops.projectQueryKeyValue(x, w, { bias, norm, cache, offset, rotary });
        return [made.query, made.cache];
      };
    });
  }
}
