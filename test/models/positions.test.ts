import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { sinusoidalPositions } from "../../src/models/positions";

interface Sample {
  length: number;
  width: number;
  rows: number[];
  columns: number[];
  /** By row, then column. */
  values: number[][];
}

const { positions } = JSON.parse(readFileSync(new URL("../goldens/ops.json", import.meta.url), "utf8")) as {
  positions: Sample[];
};

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
