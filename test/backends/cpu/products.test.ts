/** Several sums at once are to the bit what one sum after another is. */

import { expect, test } from "vitest";
import { affine } from "../../../src/backends/cpu/linear";
import { COLUMNS, ROWS } from "../../../src/backends/cpu/products";
import { random } from "../../support/shared/random";

/** x w^T, one sum after another. */
function plain(x: Float32Array, w: Float32Array, inner: number): Float32Array {
  const [rows, outer] = [x.length / inner, w.length / inner];
  return Float32Array.from({ length: rows * outer }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += x[Math.floor(i / outer) * inner + k] * w[(i % outer) * inner + k];
    return sum;
  });
}

const lengths = (tile: number): number[] => [1, 2, tile - 1, tile, tile + 1, 2 * tile + 3];
const sizes = lengths(ROWS).flatMap((rows) => lengths(COLUMNS).map((outer) => [rows, outer]));

test.each(sizes)("%i rows by %i columns", (rows, outer) => {
  for (const inner of [1, 7, 64, 129]) {
    const draw = random(rows * 1000 + outer);
    const [x, w] = [draw.normal(rows * inner), draw.normal(outer * inner)];
    const out = new Float32Array(rows * outer);
    const matrix = { values: w, load: (first: number) => first * inner };
    affine(out, { x, w: matrix, bias: new Float32Array(outer) }, rows);
    expect(out).toEqual(plain(x, w, inner));
  }
});
