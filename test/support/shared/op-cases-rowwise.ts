/** Cases of src/ops/rowwise.ts. */

import { add } from "./op-bench";

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
  // More rows than a grid is wide.
  [1, 1031, 8, 1e-5, 0],
]) {
  add(`layerNorm B${b} T${t} D${d} eps ${eps} mean ${mean}`, (bench) => {
    const x = bench.f32([b, t, d], 2, mean);
    const norm = bench.norm(d, eps);
    return () => [bench.ops.layerNorm(x, norm), bench.ops.layerNorm(x, { ...norm, kind: "rms" })];
  });
}
add("layerNorm of a norm", (bench) => {
  const x = bench.f32([2, 3, 37], 2, 1);
  const [norm, earlier] = [bench.norm(37), bench.norm(37, 1e-3)];
  return () => [bench.ops.layerNorm(x, { ...norm, earlier })];
});

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
