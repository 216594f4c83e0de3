/**
 * The dtypes of weight files that the engine reads, and their conversion to 32-bit floats, which is exact except for float64.
 * (The formats of weights on the device are in tensor/weight-format.ts.)
 *
 * Files are little-endian, and so is in practice every host of WebGPU or Node. Big-endian hosts are not supported.
 */

import { invariant } from "../../errors";
import { float16ToFloatBits } from "../../tensor/float16";

/** Bytes per element, by the name of the dtype in safetensors files. */
export const BYTES_PER_ELEMENT = { F64: 8, F32: 4, F16: 2, BF16: 2 } as const;

export type DType = keyof typeof BYTES_PER_ELEMENT;

/** Whether the engine loads tensors of this safetensors dtype. */
export const isDType = (name: string): name is DType => Object.hasOwn(BYTES_PER_ELEMENT, name);

/**
 * Converts packed elements to f32. F64 is rounded to the nearest float, as torch does it. All others are exact: subnormals,
 * infinities, signed zeros and NaN payloads, too.
 * @param data packed little-endian elements
 * @returns one float per element; a view of the same memory for aligned F32, otherwise a copy
 */
export function toFloat32(dtype: DType, data: Uint8Array): Float32Array {
  const size = BYTES_PER_ELEMENT[dtype];
  invariant(data.length % size === 0, `${data.length} bytes are not a whole number of ${dtype} elements`);
  const aligned = data.byteOffset % size === 0 ? data : data.slice();
  const length = data.length / size;
  if (dtype === "F32") return new Float32Array(aligned.buffer, aligned.byteOffset, length);

  if (dtype === "F64") return Float32Array.from(new Float64Array(aligned.buffer, aligned.byteOffset, length));

  const packed = new Uint16Array(aligned.buffer, aligned.byteOffset, length);
  // Written as integers, because a NaN may lose its payload as a JavaScript number.
  const bits = new Uint32Array(length);
  if (dtype === "BF16") {
    for (let i = 0; i < length; i++) bits[i] = packed[i] << 16;
  } else {
    const table = float16ToFloatBits();
    for (let i = 0; i < length; i++) bits[i] = table[packed[i]];
  }
  return new Float32Array(bits.buffer);
}
