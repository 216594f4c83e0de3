import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fairseqSinusoids, relativeBuckets, sinusoidalPositions, sinusoidsInHalves } from "../../src/models/positions";

interface Sample {
  length: number;
  width: number;
  rows: number[];
  columns: number[];
  /** By row, then column. */
  values: number[][];
}

interface Buckets {
  bidirectional: boolean;
  count: number;
  farthest: number;
  /** Of the distances from -(farthest + 40) to farthest + 40. */
  values: number[];
}

const golden = JSON.parse(readFileSync(new URL("../goldens/ops.json", import.meta.url), "utf8")) as {
  positions: Sample[];
  halves: Omit<Sample, "columns">[];
  fairseq: (Omit<Sample, "columns"> & { pad: number })[];
  buckets: Buckets[];
};
const { positions, halves, fairseq, buckets } = golden;

describe("sinusoidalPositions", () => {
  test.each(positions.map((s) => [s.length, s.width, s] as const))(
    "(%i, %i) as torch computes it in float64, to one float32 rounding",
    (length, width, { rows, columns, values }) => {
      const table = sinusoidalPositions(length, width);
      expect(table.length).toBe(length * width);
      rows.forEach((row, i) =>
        columns.forEach((column, j) => {
          expect(Math.abs(table[row * width + column] - values[i][j])).toBeLessThanOrEqual(6e-8);
        }),
      );
    },
  );

  test("row 0 is sin 0, cos 0; row 1 of width 2 is sin 1, cos 1", () => {
    expect([...sinusoidalPositions(1, 6)]).toEqual([0, 1, 0, 1, 0, 1]);
    expect([...sinusoidalPositions(2, 2).subarray(2)]).toEqual([Math.fround(Math.sin(1)), Math.fround(Math.cos(1))]);
  });

  test("a longer table begins with a shorter one; no rows is no table", () => {
    expect(sinusoidalPositions(40, 10).subarray(0, 130)).toEqual(sinusoidalPositions(13, 10));
    expect(sinusoidalPositions(0, 10).length).toBe(0);
  });
});

describe("sinusoidsInHalves", () => {
  test.each(halves.map((s) => [s.length, s.width, s] as const))(
    "(%i, %i) as Hugging Face's Marian makes it, to one float32 rounding",
    (length, width, { rows, values }) => {
      const table = sinusoidsInHalves(length, width);
      expect(table.length).toBe(length * width);
      rows.forEach((row, i) =>
        values[i].forEach((value, c) => {
          expect(Math.abs(table[row * width + c] - value)).toBeLessThanOrEqual(6e-8);
        }),
      );
    },
  );
});

describe("fairseqSinusoids", () => {
  test.each(fairseq.map((s) => [s.length, s.width, s] as const))(
    "(%i, %i) as Hugging Face's M2M100 makes it, float32 angles and all",
    (length, width, { rows, values, pad }) => {
      const table = fairseqSinusoids(length, width, pad);
      expect(table.length).toBe(length * width);
      rows.forEach((row, i) =>
        values[i].forEach((value, c) => {
          // A frequency may differ in its last bit, 6e-8; the angle then differs by that times the position.
          expect(Math.abs(table[row * width + c] - value)).toBeLessThanOrEqual(6e-8 * (1 + row));
        }),
      );
      expect(table.subarray(pad * width, (pad + 1) * width)).toEqual(new Float32Array(width));
    },
  );
});

describe("relativeBuckets", () => {
  test.each(buckets.map((b) => [b.count, b.farthest, b.bidirectional, b] as const))(
    "%i buckets up to %i, bidirectional: %s, exactly as Hugging Face's T5 has them",
    (count, farthest, bidirectional, { values }) => {
      const map = relativeBuckets(count, farthest, bidirectional);
      expect(map.length).toBe(2 * farthest + 1);
      // Beyond the map the operation takes its first and last entry.
      const clamped = values.map((_, i) => map[Math.max(0, Math.min(map.length - 1, i - 40))]);
      expect(clamped).toEqual(values);
    },
  );
});
