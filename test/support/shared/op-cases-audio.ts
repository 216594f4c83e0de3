/** Cases of src/ops/audio.ts. */

import { add, type Bench } from "./op-bench";
import { TIMESTAMP_WORDS, timestampWords } from "../../../src/ops/audio";
import type { Activation } from "../../../src/ops/ops";

/** The kernel of a convolution, (N, k, C), with results of order 1. */
const kernelOf = (bench: Bench, n: number, k: number, c: number) => bench.f32([n, k, c], 1 / Math.sqrt(k * c));

// --- convolution: sizes, strides, zeros at both ends ---
for (const [b, t, c, n, k, stride, before, after] of [
  [1, 1, 1, 1, 1, 1, 0, 0],
  [1, 3, 1, 2, 3, 1, 0, 0],
  [1, 1, 4, 5, 3, 1, 1, 1],
  [1, 2, 5, 3, 3, 1, 1, 1],
  [2, 7, 3, 4, 3, 2, 1, 1],
  [1, 16, 80, 24, 3, 1, 1, 1],
  [2, 31, 7, 66, 3, 2, 1, 1],
  [3, 33, 24, 21, 3, 2, 1, 1],
  [1, 100, 128, 70, 3, 1, 1, 1],
  [1, 9, 64, 36, 2, 1, 0, 0],
  [2, 40, 36, 72, 7, 3, 0, 0],
  [1, 12, 21, 10, 5, 2, 4, 0],
  [2, 3, 6, 9, 5, 2, 4, 0],
  [1, 5, 8, 3, 7, 4, 9, 5],
]) {
  add(`convolve B${b} T${t} C${c} N${n} k${k} stride ${stride} zeros ${before} ${after}`, (bench) => {
    const x = bench.f32([b, t, c]);
    const w = kernelOf(bench, n, k, c);
    const bias = bench.f32([n]);
    return () => [bench.ops.convolve(x, w, { bias, stride, padding: [before, after] })];
  });
}
for (const activation of ["gelu", "tanh", "silu", "mish"] as Activation[]) {
  for (const positioned of [false, true]) {
    add(`convolve ${activation}${positioned ? " positions" : ""}`, (bench) => {
      const x = bench.f32([2, 19, 10]);
      const w = kernelOf(bench, 13, 3, 10);
      const bias = bench.f32([13]);
      const positions = positioned ? bench.f32([12, 13]) : undefined;
      return () => [bench.ops.convolve(x, w, { bias, stride: 2, padding: [1, 1], activation, positions })];
    });
  }
}

// --- group normalisation over channels and time: rows that count, rows that do not ---
for (const [b, t, c, less, ...lengths] of [
  [1, 1, 1, 0, 1],
  [1, 2, 3, 0, 2],
  [2, 5, 6, 1, 6, 3],
  [1, 31, 36, 0, 31],
  [3, 33, 7, 1, 34, 1, 20],
  [1, 67, 70, 0, 50],
  [2, 100, 24, 2, 102, 0],
  [1, 700, 9, 0, 699],
]) {
  add(`groupNorm B${b} T${t} C${c} less ${less} lengths ${lengths.join(" ")}`, (bench) => {
    const x = bench.f32([b, t, c], 0.5, 2);
    const norm = bench.norm(c);
    const options = { lengths: bench.u32([b], lengths), less };
    return () => [bench.ops.groupNorm(x, norm, options)];
  });
}

// --- frames of evened loudness ---
for (const [b, t, c] of [
  [1, 1, 1],
  [1, 1, 80],
  [2, 3, 5],
  [3, 7, 80],
  [1, 31, 66],
  [1, 2, 131],
]) {
  for (const loud of [1e-4, 1, 300]) {
    add(`compressFrames B${b} T${t} C${c} loudness ${loud}`, (bench) => {
      const x = bench.f32([b, t, c], loud, loud / 3);
      const scale = bench.f32([1], 0.5);
      return () => [bench.ops.compressFrames(x, scale, 1e-6)];
    });
  }
}
add("compressFrames of more frames than a grid is wide", (bench) => {
  const [x, scale] = [bench.f32([1, 1031, 80]), bench.f32([1], 0.5)];
  return () => [bench.ops.compressFrames(x, scale, 1e-6)];
});
add("compressFrames of silence", (bench) => {
  const [x, scale] = [bench.zeros([2, 3, 80]), bench.f32([1])];
  return () => [bench.ops.compressFrames(x, scale, 1e-6)];
});

// --- positions added to every row of a batch ---
for (const [b, t, d, p] of [
  [1, 1, 1, 1],
  [2, 3, 5, 3],
  [3, 7, 36, 20],
  [1, 97, 130, 97],
]) {
  add(`addPositions B${b} T${t} D${d} P${p}`, (bench) => {
    const [x, positions] = [bench.f32([b, t, d]), bench.f32([p, d])];
    return () => [bench.ops.addPositions(x, positions)];
  });
}

// --- the rules of timestamps: text below 20, the end token 20, no stamps 21, stamps from 22 on ---
const RULES = { begin: 3, first: 22, noTimestamps: 21, endToken: 20, lastInitial: 40 };
/** What each row has generated after a prompt of three tokens. */
const GENERATED: Record<string, number[][]> = {
  "at the beginning": [[], [], []],
  "after one stamp": [[22], [30], [68]],
  "after text": [
    [22, 4, 5],
    [30, 19, 19],
    [20, 3, 20],
  ],
  "after a stamp that ends text": [
    [22, 4, 25],
    [22, 4, 22],
    [60, 7, 69],
  ],
  "after two stamps": [
    [22, 4, 25, 25],
    [22, 4, 25, 30],
    [22, 22, 22, 22],
  ],
  "after a long text": [Array.from({ length: 90 }, (_, i) => (i < 88 ? i % 19 : 50)), new Array<number>(90).fill(7)],
};
for (const [when, rows] of Object.entries(GENERATED)) {
  for (const fields of [0, 3]) {
    // Where stamps are likely they have to come; where they are not, text may.
    for (const likely of [-6, 0, 6]) {
      add(`timestampRules ${when}, ${fields > 0 ? "beams" : "one row each"}, stamps ${likely}`, (bench) => {
        const [b, v, capacity] = [rows.length, 71, rows[0].length + 5];
        const data = bench.rng.normal(b * v, 2).map((x, i) => (i % v >= 22 ? x + likely : x));
        const scores = bench.keep(bench.ops.create([b, 1, v], "f32", "activations", data));
        const position = bench.u32([b], new Array<number>(b).fill(rows[0].length + 2));
        // With beams the past of a row lies in the others.
        const holder = (row: number) => (fields > 0 ? (row + 1) % b : row);
        const tokens = bench.rng.integers(capacity * Math.max(1, fields) * b, v);
        rows.forEach((row, i) =>
          [1, 2, ...row].forEach((token, at) => (tokens[at * Math.max(1, fields) * b + holder(i)] = token)),
        );
        const history = bench.u32(fields > 0 ? [capacity, fields, b] : [capacity, b], tokens);
        const ancestors =
          fields > 0
            ? bench.u32(
                [2, capacity, b],
                Array.from({ length: 2 * capacity * b }, (_, i) => holder(i % b)),
              )
            : undefined;
        const rules = bench.u32([TIMESTAMP_WORDS], timestampWords(RULES));
        return () => {
          bench.ops.timestampRules(scores, { rules, position, history, ancestors });
          return [scores];
        };
      });
    }
  }
}
