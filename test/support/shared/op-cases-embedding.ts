/** Cases of src/ops/embedding.ts. */

import { add } from "./op-bench";

add("embed of more rows than a grid is wide", (bench) => {
  const ids = bench.u32([1, 1031], bench.rng.integers(1031, 11));
  const table = bench.f32([11, 3]);
  return () => [bench.ops.embed(ids, table, { scale: 0.7 })];
});

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
      bench.ops.embed(ids, table, { scale: Math.sqrt(d), norm, normLast: true, positions, offset }),
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
