/**
 * Whether integer products are right in this engine. The relaxed dot product leaves to the engine what bytes above 127 mean
 * in one of its operands, and a draft of it, which some engines had, took the operands the other way round. The kernels
 * need neither, but an engine that does something else again must not change results unnoticed.
 */

import { BLOCK, pack } from "../../tensor/weight-format";
import type { Kernels } from "./kernels";
import { parts, type Space } from "./memory";

/** Rows of x, of w, elements of a row: a tile of many rows of x and eight of w and what is left over, whole blocks and a part of one. */
const [M, N, K] = [13, 13, 2 * BLOCK + 7];

/** Rows of whole numbers from -127 to 127, both ends in every block: their scale is 1. */
const wholeNumbers = (rows: number, step: number): Float32Array =>
  Float32Array.from({ length: rows * K }, (_, i) => {
    const k = i % K;
    if (k % BLOCK < 2) return k % 2 === 0 ? 127 : -127;
    return ((i * step) % 255) - 127;
  });

/** Whether products of one, two and many rows are exact. */
export const multipliesIntegers = (kernels: Kernels, space: Space): boolean =>
  [1, 2, M].every((rows) => isExact(kernels, space, rows));

function isExact(kernels: Kernels, space: Space, rows: number): boolean {
  const [x, w] = [wholeNumbers(rows, 37), wholeNumbers(N, 101)];
  const packed = pack("q8", w, K);
  const [atX, atW, quantized, y, scratch] = parts(
    space,
    x.byteLength,
    packed.byteLength,
    rows * kernels.quantizedBytes(K),
    4 * rows * N,
    kernels.int8Scratch(K),
  );
  new Float32Array(space.memory.buffer, atX).set(x);
  new Uint32Array(space.memory.buffer, atW).set(packed);
  kernels.quantize(quantized, atX, rows, K);
  kernels.productInt8(quantized, atW, y, 4 * N, rows, N, K, scratch);
  const products = new Float32Array(space.memory.buffer, y, rows * N);
  return products.every((product, i) => {
    const [row, column] = [Math.floor(i / N) * K, (i % N) * K];
    let sum = 0;
    for (let k = 0; k < K; k++) sum += x[row + k] * w[column + k];
    return product === sum;
  });
}
