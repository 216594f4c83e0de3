/** The operations that read weights, with each way to store them, over rows shorter and longer than a block of 32. */

import { add } from "./op-bench";
import { selection } from "./op-cases-selection";

for (const format of ["f16", "q8", "q4"] as const) {
  // What was written is what is read, by rows, from the middle on, too.
  add(`embed ${format} rows in pieces`, (bench) => {
    const [v, d] = [7, 37];
    const table = bench.weight(v, d, format);
    bench.ops.write(table, bench.rng.normal(2 * d), 3 * d);
    bench.ops.write(table, bench.rng.normal(d), 6 * d);
    const ids = bench.u32([1, v], [6, 5, 4, 3, 2, 1, 0]);
    return () => [bench.ops.embed(ids, table, { scale: 1 }), table];
  });

  for (const [b, t, d, v] of [
    [1, 1, 1, 1],
    [2, 3, 5, 11],
    [1, 7, 32, 61],
    [3, 1, 50, 97],
    [1, 5, 300, 13],
  ]) {
    add(`embed ${format} B${b} T${t} D${d} V${v}`, (bench) => {
      const ids = bench.u32([b, t], bench.rng.integers(b * t, v));
      const table = bench.weight(v, d, format);
      const positions = bench.f32([t, d]);
      const norm = bench.norm(d);
      return () => [
        bench.ops.embed(ids, table, { scale: Math.sqrt(d), positions }),
        bench.ops.embed(ids, table, { scale: Math.sqrt(d), norm }),
      ];
    });
  }

  for (const [b, t, k, n] of [
    [1, 1, 1, 1],
    [1, 1, 15, 7],
    [1, 1, 31, 5],
    [1, 1, 32, 8],
    [1, 2, 33, 61],
    [1, 1, 37, 256],
    [2, 1, 300, 31],
    [1, 1, 1024, 129],
    [1, 5, 15, 17],
    [1, 6, 33, 65],
    [2, 7, 37, 12],
    [3, 11, 50, 97],
    [1, 33, 64, 64],
    [1, 17, 300, 41],
    [1, 8, 130, 37],
    [1, 66, 50, 4100],
    [1, 11, 33, 520],
    [1, 1, 1100, 21],
    [3, 1, 1100, 13],
  ]) {
    for (const mode of ["", "norm residual"]) {
      add(`linear ${format} B${b} T${t} K${k} N${n} ${mode}`.trimEnd(), (bench) => {
        const x = bench.f32([b, t, k], 1, mode ? 0.5 : 0);
        const w = bench.weight(n, k, format);
        const bias = bench.f32([n]);
        const norm = mode ? bench.norm(k) : undefined;
        const residual = mode ? bench.f32([b, t, n]) : undefined;
        return () => [bench.ops.linear(x, w, { bias, norm, residual, activation: mode ? "relu" : "none" })];
      });
    }
  }

  for (const [b, t, k, n] of [
    [1, 1, 37, 61],
    [1, 1, 1100, 7],
    [3, 1, 130, 30],
    [3, 1, 1100, 5],
    [9, 1, 33, 43],
    [1, 11, 33, 515],
    [1, 18, 40, 258],
    [1, 33, 64, 259],
  ]) {
    for (const mode of ["", "norm"]) {
      add(`linear ${format} gated B${b} T${t} K${k} N${n} ${mode}`.trimEnd(), (bench) => {
        const [x, w, bias] = [bench.f32([b, t, k]), bench.weight(2 * n, k, format), bench.f32([2 * n])];
        const norm = mode ? bench.norm(k) : undefined;
        return () => [bench.ops.linear(x, w, { bias, norm, activation: "relu", gated: true })];
      });
    }
  }

  for (const [b, t, k, d, capacity] of [
    [1, 1, 4, 4, 1],
    [2, 1, 37, 21, 5],
    [2, 1, 37, 20, 5],
    [1, 1, 64, 50, 7],
    [1, 5, 24, 24, 8],
    [3, 6, 37, 20, 11],
    [1, 33, 24, 36, 33],
    [1, 70, 33, 100, 71],
    [1, 10, 24, 172, 12],
    [1, 1, 1060, 8, 5],
    [1, 3, 1060, 8, 5],
  ]) {
    for (const normed of [false, true]) {
      // A width that is no multiple of four is stored in another way; of few rows, some of those above are odd.
      const width = normed && (b * t >= 5 || k > 1000) ? d - 1 : d;
      add(`projectQueryKeyValue ${format} B${b} T${t} K${k} D${width} ${normed ? "norm" : ""}`.trimEnd(), (bench) => {
        const x = bench.f32([b, t, k]);
        const w = bench.weight(3 * width, k, format);
        const bias = bench.f32([3 * width]);
        const norm = normed ? bench.norm(k) : undefined;
        const given = capacity > t ? bench.zeros([b, capacity, 2 * width]) : undefined;
        const offset = given && bench.u32([b], bench.rng.integers(b, capacity - t + 1));
        return () => {
          const { query, cache } = bench.ops.projectQueryKeyValue(x, w, { bias, norm, cache: given, offset });
          return [query, cache];
        };
      });
    }
  }
}

// The scores of a vocabulary, whose maxima the product keeps.
for (const format of ["f16", "q8", "q4"] as const) {
  for (const [b, k, n, after = ""] of [
    [1, 40, 131],
    [3, 66, 38],
    [9, 33, 70],
    [1, 40, 67, "after norm"],
    [4, 33, 38, "after norm"],
    [7, 66, 70, "after norm"],
  ] as const) {
    add(`linear selectGreedy ${format} B${b} K${k} N${n} ${after}`.trimEnd(), (bench) => {
      const x = bench.f32([b, 1, k], 2, 0.5);
      const w = bench.weight(n, k, format);
      const options = { bias: bench.f32([n]), norm: bench.norm(k), scores: true };
      if (after) options.norm = { ...options.norm, earlier: bench.norm(k) };
      const state = selection(bench, b, [1, 2], new Array<number>(b).fill(0));
      return () => {
        const scores = bench.ops.linear(x, w, options);
        bench.ops.selectGreedy(scores, state);
        return [scores, state.token, state.logprobs];
      };
    });
  }
}

// Every kind of half: zeros of both signs, subnormals, the smallest and largest normals, ties of the rounding.
add("linear f16 values at the edges", (bench) => {
  const [n, k] = [3, 21];
  const edges = [0, -0, 2 ** -24, -(2 ** -24), 3 * 2 ** -24, 1023 * 2 ** -24, 2 ** -14, -(2 ** -14), 65504, -65504];
  const values = [
    ...edges,
    1 + 2 ** -11,
    1 + 3 * 2 ** -11,
    2 ** -25,
    3 * 2 ** -25,
    1 / 3,
    65519,
    2 ** -26,
    1,
    -2,
    0.1,
    7,
  ];
  const data = Float32Array.from({ length: n * k }, (_, i) => values[i % k] * (i < k ? 1 : 0.75));
  const w = bench.ops.create([n, k], "f16", "weights", data);
  const identity = Float32Array.from({ length: k * k }, (_, i) => (i % (k + 1) === 0 ? 2 ** 10 : 0));
  const x = bench.ops.create([1, k, k], "f32", "activations", identity);
  const bias = bench.zeros([n]);
  return () => [bench.ops.linear(x, w, { bias }), w];
});
