/**
 * The table of operation cases. Each builds its inputs from a seed, records one operation and returns what it wrote.
 * The same table runs on every backend; see test/browser/ops.test.ts for the comparison.
 */

import type { Activation, LinearOptions, Selection } from "../../../src/ops/ops";
import { add, cases, type Bench, type OpCase } from "./op-bench";
import "./op-cases-attention";
import "./op-cases-selection";
import "./op-cases-storage";

export type { OpCase } from "./op-bench";

// --- embed: scaled token embedding plus positions ---
for (const [b, t, d, v] of [
  [1, 1, 1, 1],
  [1, 1, 4, 7],
  [2, 3, 5, 11],
  [1, 7, 24, 61],
  [3, 1, 50, 97],
  [2, 17, 64, 300],
  [1, 65, 257, 13],
  [5, 2, 21, 31],
]) {
  add(`embed B${b} T${t} D${d} V${v}`, (bench) => {
    const ids = bench.u32([b, t], bench.rng.integers(b * t, v));
    const table = bench.f32([v, d]);
    const positions = bench.f32([t + 9, d]);
    const offset = b > 1 ? bench.u32([b], bench.rng.integers(b, 9)) : undefined;
    return () => [bench.ops.embed(ids, table, { scale: Math.sqrt(d), positions, offset })];
  });
  add(`embed B${b} T${t} D${d} V${v} without positions`, (bench) => {
    const ids = bench.u32([b, t], bench.rng.integers(b * t, v));
    const table = bench.f32([v, d]);
    return () => [bench.ops.embed(ids, table, { scale: 0.7 })];
  });
  add(`embed B${b} T${t} D${d} V${v} normed`, (bench) => {
    const ids = bench.u32([b, t], bench.rng.integers(b * t, v));
    const table = bench.f32([v, d], 1, 0.5);
    const positions = bench.f32([t + 9, d]);
    const offset = b > 1 ? bench.u32([b], bench.rng.integers(b, 9)) : undefined;
    const norm = bench.norm(d, 1e-5);
    return () => [
      bench.ops.embed(ids, table, { scale: Math.sqrt(d), norm, positions, offset }),
      bench.ops.embed(ids, table, { scale: 0.7, norm: { ...norm, kind: "rms" } }),
    ];
  });
  add(`embed B${b} T${t} D${d} V${v} positions of tokens`, (bench) => {
    const padTokenId = Math.min(1, v - 1);
    // Every third id is a pad, wherever it stands.
    const ids = bench.u32(
      [b, t],
      bench.rng.integers(b * t, v).map((id, i) => (i % 3 === 2 ? padTokenId : id)),
    );
    const table = bench.f32([v, d]);
    const positions = bench.f32([t + 11, d]);
    const offset = b > 1 ? bench.u32([b], bench.rng.integers(b, 9)) : undefined;
    return () => [bench.ops.embed(ids, table, { scale: 1, positions, offset, padTokenId })];
  });
}

// --- layer norm ---
for (const [b, t, d, eps, mean] of [
  [1, 1, 1, 1e-5, 0],
  [1, 1, 2, 1e-5, 0],
  [1, 1, 3, 1e-5, 0],
  [1, 3, 4, 1e-3, 0],
  [2, 5, 7, 1e-5, 0],
  [1, 1, 24, 1e-6, 0],
  [3, 4, 50, 1e-5, 3],
  [1, 33, 64, 1e-5, 0],
  [2, 2, 256, 1e-5, 0],
  [1, 5, 257, 1e-5, -2],
  [1, 1, 1024, 1e-5, 0],
  [7, 11, 21, 1e-12, 0],
]) {
  add(`layerNorm B${b} T${t} D${d} eps ${eps} mean ${mean}`, (bench) => {
    const x = bench.f32([b, t, d], 2, mean);
    const norm = bench.norm(d, eps);
    return () => [bench.ops.layerNorm(x, norm), bench.ops.layerNorm(x, { ...norm, kind: "rms" })];
  });
}

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
];
for (const [b, t, k, n] of linearSizes) {
  add(`linear B${b} T${t} K${k} N${n}`, (bench) => {
    const x = bench.f32([b, t, k]);
    const w = bench.weight(n, k);
    const bias = bench.f32([n]);
    return () => [bench.ops.linear(x, w, { bias })];
  });
}
const activations: Activation[] = ["none", "relu", "gelu", "gelu_new", "quick_gelu", "silu", "tanh"];
const linearModes = [
  "",
  "norm",
  "residual",
  "norm residual",
  "norm residual residualNorm",
  "scale",
  "multiply",
  "rms norm",
  "rms norm scale multiply",
  "rms norm residual residualNorm scale",
];
for (const [b, t] of [
  [1, 1],
  [3, 1],
  [2, 9],
]) {
  for (const activation of activations) {
    for (const mode of linearModes) {
      // Every activation once; every combination of options with three of them.
      if (mode && !["none", "relu", "gelu"].includes(activation)) continue;
      const [k, n] = activation === "gelu" ? [19, 30] : [32, 44];
      add(`linear B${b} T${t} K${k} N${n} ${activation} ${mode}`.trimEnd(), (bench) => {
        const x = bench.f32([b, t, k], 2, 0.5);
        const w = bench.weight(n, k);
        const bias = bench.f32([n]);
        const kind = mode.includes("rms") ? "rms" : "layer";
        const options: LinearOptions = { bias, activation };
        if (mode.includes("norm")) options.norm = { ...bench.norm(k), kind };
        if (mode.includes("residual")) options.residual = bench.f32([b, t, n], 1, 0.3);
        if (mode.includes("residualNorm")) options.residualNorm = { ...bench.norm(n, 1e-3), kind };
        if (mode.includes("scale")) options.scale = 0.37;
        if (mode.includes("multiply")) options.multiply = bench.f32([b, t, n]);
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

// --- softmax over the vocabulary ---
for (const [rows, v, deviation] of [
  [1, 1, 1],
  [1, 2, 1],
  [3, 3, 1],
  [2, 63, 3],
  [1, 64, 3],
  [5, 65, 3],
  [1, 257, 20],
  [2, 1021, 3],
  [1, 6007, 5],
]) {
  add(`softmax R${rows} V${v} deviation ${deviation}`, (bench) => {
    const x = bench.f32([1, rows, v], deviation);
    return () => [bench.ops.softmax(x)];
  });
}

// --- greedy selection ---
function selection(bench: Bench, b: number, eos: number[], finished: number[]): Selection {
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

export const opCases: readonly OpCase[] = cases;
