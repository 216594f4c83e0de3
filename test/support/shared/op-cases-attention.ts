/** Cases of src/ops/attention.ts: sizes, what is visible, and every option. */

import type { AttentionOptions } from "../../../src/ops/ops";
import { add, type Bench } from "./op-bench";

// --- attention: B, T, C, heads, width of a head, what is visible ---
const attentionSizes: [number, number, number, number, number, string][] = [
  [1, 1, 1, 1, 1, ""],
  [1, 1, 1, 1, 4, ""],
  [1, 1, 3, 2, 3, ""],
  [1, 1, 17, 3, 8, "causal"],
  [2, 1, 16, 5, 10, "causal"],
  [1, 1, 64, 4, 64, ""],
  [1, 1, 65, 1, 7, "mask"],
  [1, 1, 130, 2, 16, "mask"],
  [3, 1, 9, 2, 21, "mask"],
  [1, 5, 5, 1, 8, "causal"],
  [2, 7, 12, 3, 7, "causal"],
  [2, 7, 7, 3, 8, "mask"],
  [1, 33, 33, 4, 16, ""],
  [1, 70, 70, 2, 12, "mask"],
  [1, 70, 70, 2, 12, "causal"],
  [2, 40, 70, 8, 16, "mask"],
  [1, 2, 200, 1, 128, "mask"],
  // tiles of queries: 32 or 16 of them, 16 or 8 keys
  [1, 8, 8, 1, 4, ""],
  [2, 32, 32, 2, 64, "mask"],
  [1, 65, 37, 3, 64, "mask"],
  [2, 33, 50, 2, 24, "causal"],
  [1, 17, 23, 2, 68, "causal"],
  [2, 40, 41, 1, 128, "mask"],
  [1, 9, 30, 2, 132, "mask"],
  [1, 31, 16, 2, 8, "one key"],
  [2, 34, 6, 2, 4, "nothing"],
  // many queries and keys, by eight queries and four keys
  [1, 35, 70, 2, 10, "mask"],
  [1, 24, 67, 1, 7, ""],
  [1, 17, 650, 1, 6, "mask"],
  [2, 18, 70, 1, 4, "nothing"],
  // few queries: keys that one workgroup takes, and that several divide
  [2, 1, 70, 3, 12, "causal"],
  [3, 6, 129, 2, 20, "mask"],
  [1, 5, 200, 2, 80, "causal"],
  [2, 1, 131, 1, 200, "mask"],
  [1, 1, 1030, 2, 4, "mask"],
  [1, 2, 513, 3, 12, "nothing"],
  [1, 3, 1700, 1, 8, "causal"],
  [1, 1, 5, 1, 256, ""],
  [1, 3, 4, 2, 5, "one key"],
  [2, 3, 6, 2, 4, "nothing"],
];
function visibility(bench: Bench, b: number, t: number, c: number, what: string): Omit<AttentionOptions, "heads"> {
  const { rng } = bench;
  switch (what) {
    case "mask": // padding on the right, and for good measure one hole
      return {
        mask: bench.u32(
          [b, c],
          Array.from({ length: b * c }, (_, i) => (i % c === 0 || (i % c < c - 2 && i % 5 !== 3) ? 1 : 0)),
        ),
      };
    case "causal":
      return { causalFrom: bench.u32([b], rng.integers(b, c - t + 1)) };
    case "one key":
      return {
        mask: bench.u32(
          [b, c],
          Array.from({ length: b * c }, (_, i) => (i % c === 2 ? 1 : 0)),
        ),
      };
    case "nothing":
      return { mask: bench.u32([b, c], new Array<number>(b * c).fill(0)) };
    default:
      return {};
  }
}
for (const op of ["attention", "attentionWeights"] as const) {
  for (const [b, t, c, heads, width, what] of attentionSizes) {
    add(`${op} B${b} T${t} C${c} H${heads} Dh${width} ${what}`.trimEnd(), (bench) => {
      const query = bench.f32([b, t, heads * width], 1.5);
      const cache = bench.f32([b, c, 2 * heads * width], 1.5);
      const options = { heads, ...visibility(bench, b, t, c, what) };
      return () => [bench.ops[op](query, cache, options)];
    });
  }
}
// --- attention with a scale of its own, a relative position bias, rows that share keys, beams with ancestors ---
const attentionOptions: [number, number, number, number, number, number, string][] = [
  [1, 1, 1, 1, 1, 1, "scale bias"],
  [1, 1, 1, 7, 3, 8, "scale bias causal"],
  [2, 1, 6, 6, 5, 10, "scale bias mask"],
  [1, 1, 5, 5, 2, 3, "bias causal"],
  [1, 1, 70, 70, 2, 6, "scale bias mask"],
  [1, 1, 70, 70, 1, 4, "bias causal"],
  [2, 3, 1, 9, 3, 8, "mask"],
  [1, 4, 1, 67, 2, 5, "mask scale"],
  [2, 2, 3, 9, 2, 7, ""],
  [3, 2, 5, 8, 1, 4, "nothing"],
  [1, 1, 1, 9, 2, 4, "ancestors"],
  [4, 1, 1, 9, 3, 8, "ancestors"],
  [5, 1, 1, 70, 2, 10, "ancestors scale bias"],
  [4, 1, 1, 150, 3, 8, "ancestors scale bias"],
  [2, 5, 1, 600, 2, 8, "mask scale bias"],
  [2, 5, 1, 301, 2, 9, "mask scale"],
  [3, 2, 3, 270, 1, 6, "nothing"],
  [2, 3, 3, 20, 2, 4, "mask bias"],
];
for (const op of ["attention", "attentionWeights"] as const) {
  for (const [rows, group, t, c, heads, width, what] of attentionOptions) {
    const b = rows * group;
    add(`${op} B${b} of ${rows} T${t} C${c} H${heads} Dh${width} ${what}`.trimEnd(), (bench) => {
      const { rng } = bench;
      const query = bench.f32([b, t, heads * width], 1.5);
      const cache = bench.f32([rows, c, 2 * heads * width], 1.5);
      const options: AttentionOptions = { heads };
      if (what.includes("scale")) options.scale = 1;
      for (const name of ["mask", "causal", "nothing"]) {
        if (what.includes(name)) Object.assign(options, visibility(bench, rows, t, c, name));
      }
      // Distances beyond 5 share a bucket, so that the clamping is met.
      const buckets = bench.u32([11], rng.integers(11, 7));
      if (what.includes("bias")) options.positionBias = { table: bench.f32([7, heads], 2), buckets };
      if (what.includes("ancestors")) {
        options.causalFrom = bench.u32([b], rng.integers(b, c));
        options.ancestors = bench.u32([2, c, b], rng.integers(2 * c * b, b));
      }
      return () => [bench.ops[op](query, cache, options)];
    });
  }
}
add("attention with scores of several hundred", (bench) => {
  const query = bench.f32([1, 6, 16], 40);
  const cache = bench.f32([1, 20, 32], 40);
  return () => [bench.ops.attention(query, cache, { heads: 2 })];
});

// --- attention through a window of keys before and after the query's own ---
const windows: [number, number, number, number, number, number, string][] = [
  [1, 1, 1, 1, 0, 0, ""],
  [1, 7, 2, 5, 2, 0, ""],
  [2, 9, 3, 4, 1, 3, "mask"],
  [1, 20, 2, 12, 0, 0, ""],
  [1, 6, 1, 8, 0, 9, ""],
  [2, 33, 2, 8, 15, 3, "mask"],
  [1, 70, 3, 7, 15, 0, ""],
  [1, 41, 2, 40, 4, 4, "nothing"],
  [1, 131, 1, 68, 40, 25, ""],
  [1, 77, 2, 9, 200, 100, "bias"],
  [1, 3, 2, 36, 1, 1, ""],
];
for (const op of ["attention", "attentionWeights"] as const) {
  for (const [b, t, heads, width, before, after, what] of windows) {
    add(`${op} B${b} T${t} H${heads} Dh${width} window ${before} ${after} ${what}`.trimEnd(), (bench) => {
      const query = bench.f32([b, t, heads * width], 1.5);
      const cache = bench.f32([b, t, 2 * heads * width], 1.5);
      const options: AttentionOptions = { heads, window: [before, after], ...visibility(bench, b, t, t, what) };
      if (what === "bias") {
        options.positionBias = {
          table: bench.f32([7, heads], 2),
          buckets: bench.u32([11], bench.rng.integers(11, 7)),
        };
      }
      return () => [bench.ops[op](query, cache, options)];
    });
  }
}
