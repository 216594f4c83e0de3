/**
 * The dtypes of weight files that the engine reads, and their conversion to 32-bit floats, which is exact except for float64
 * and large integers. (The formats of weights on the device are in tensor/weight-format.ts.)
 *
 * Files are little-endian, and so is in practice every host of WebGPU or Node. Big-endian hosts are not supported.
 */

import { invariant } from "../../errors";
import { float16ToFloatBits } from "../../tensor/float16";

/** Dtypes whose elements JavaScript can read as numbers. A `BOOL` is a byte, 0 or 1. */
const ARRAYS = {
  F64: Float64Array,
  F32: Float32Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
};

/** The others: their elements become halves, or the upper half of a float. */
const SMALL_FLOATS = { F16: 2, BF16: 2, F8_E4M3: 1, F8_E5M2: 1 };

export type DType = keyof typeof ARRAYS | keyof typeof SMALL_FLOATS;

/** Bytes per element, by the name of the dtype in safetensors files. */
export const BYTES_PER_ELEMENT = {
  ...SMALL_FLOATS,
  ...Object.fromEntries(Object.entries(ARRAYS).map(([name, { BYTES_PER_ELEMENT: bytes }]) => [name, bytes])),
} as Readonly<Record<DType, number>>;

/** Whether the engine loads tensors of this safetensors dtype. */
export const isDType = (name: string): name is DType => Object.hasOwn(BYTES_PER_ELEMENT, name);

/**
 * Converts packed elements to f32. F64 and integers are rounded to the nearest float, as torch does it. All others are exact:
 * subnormals, infinities, signed zeros and NaN payloads, too.
 * @param data packed little-endian elements
 * @returns one float per element; a view of the same memory for aligned F32, otherwise a copy
 */
export function toFloat32(dtype: DType, data: Uint8Array): Float32Array {
  const size = BYTES_PER_ELEMENT[dtype];
  invariant(data.length % size === 0, `${data.length} bytes are not a whole number of ${dtype} elements`);
  const { buffer, byteOffset } = (data.byteOffset % size === 0 ? data : data.slice()) as Uint8Array<ArrayBuffer>;
  const length = data.length / size;
  if (dtype === "F32") return new Float32Array(buffer, byteOffset, length);
  if (dtype in ARRAYS) {
    const numbers = new ARRAYS[dtype as keyof typeof ARRAYS](buffer, byteOffset, length);
    return Float32Array.from(numbers as ArrayLike<number>, Number);
  }

  // Written as integers, because a NaN may lose its payload as a JavaScript number.
  const bits = new Uint32Array(length);
  const floats = new Float32Array(bits.buffer);
  if (size === 1) {
    const packed = new Uint8Array(buffer, byteOffset, length);
    const table = float16ToFloatBits();
    for (let i = 0; i < length; i++) bits[i] = table[dtype === "F8_E5M2" ? packed[i] << 8 : halfOfE4M3(packed[i])];
    // E4M3 counts its exponents from 2^-7, a half from 2^-15.
    return dtype === "F8_E5M2" ? floats : floats.map((x) => 256 * x);
  }
  const packed = new Uint16Array(buffer, byteOffset, length);
  if (dtype === "BF16") {
    for (let i = 0; i < length; i++) bits[i] = packed[i] << 16;
  } else {
    const table = float16ToFloatBits();
    for (let i = 0; i < length; i++) bits[i] = table[packed[i]];
  }
  return floats;
}

/** The bits of a half with the sign, exponent and fraction of an F8_E4M3, which has no infinity and one NaN. */
const halfOfE4M3 = (x: number): number => ((x & 0x80) << 8) | ((x & 0x7f) === 0x7f ? 0x7e00 : (x & 0x7f) << 7);
