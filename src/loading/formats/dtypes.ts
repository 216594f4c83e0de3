/**
 * The storage formats of weights that the engine reads, and their conversion to 32-bit floats: exact, but for float64.
 *
 * Not here: narrowing (f32 to f16) and quantised formats, which are the backends' business. Files are little-endian and
 * so is every host that runs WebGPU or Node in practice; big-endian hosts are not supported.
 */

import { invariant } from "../../errors";
import { float16ToFloatBits } from "../../tensor/float16";

/** Bytes of one element, by the format's name in safetensors files. */
export const BYTES_PER_ELEMENT = { F64: 8, F32: 4, F16: 2, BF16: 2 } as const;

export type DType = keyof typeof BYTES_PER_ELEMENT;

/** Whether the engine loads tensors of this safetensors dtype. */
export const isDType = (name: string): name is DType => Object.hasOwn(BYTES_PER_ELEMENT, name);

/**
 * Packed elements as f32. Every value is exact, subnormals, infinities, signed zeros and NaN payloads included, but for
 * F64, which is rounded to the nearest float, as torch does it.
 * @param data packed little-endian elements
 * @returns one float per element; for aligned F32 a view of the same memory, else a copy
 */
export function toFloat32(dtype: DType, data: Uint8Array): Float32Array {
  const size = BYTES_PER_ELEMENT[dtype];
  invariant(data.length % size === 0, `${data.length} bytes are not a whole number of ${dtype} elements`);
  const aligned = data.byteOffset % size === 0 ? data : data.slice();
  const length = data.length / size;
  if (dtype === "F32") return new Float32Array(aligned.buffer, aligned.byteOffset, length);

  if (dtype === "F64") return Float32Array.from(new Float64Array(aligned.buffer, aligned.byteOffset, length));

  const packed = new Uint16Array(aligned.buffer, aligned.byteOffset, length);
  // Written as integers: a NaN that goes through a JavaScript number may lose its payload.
  const bits = new Uint32Array(length);
  if (dtype === "BF16") {
    for (let i = 0; i < length; i++) bits[i] = packed[i] << 16;
  } else {
    const table = float16ToFloatBits();
    for (let i = 0; i < length; i++) bits[i] = table[packed[i]];
  }
  return new Float32Array(bits.buffer);
}
