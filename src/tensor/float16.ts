/** IEEE 754 binary16 (1 sign, 5 exponent, 10 fraction bits, bias 15) to and from binary32 (1, 8, 23, bias 127). */

/** What lies halfway between the largest half, 65504, and 65536: from here on rounding would give infinity. */
export const FLOAT16_OVERFLOW = 65520;

/** The f32 bit pattern of each of the 65536 halves; 256 KiB, made on first use. */
export function float16ToFloatBits(): Uint32Array {
  return (table ??= makeTable());
}

let table: Uint32Array | undefined;

function makeTable(): Uint32Array {
  const table = new Uint32Array(1 << 16);
  for (let half = 0; half < 1 << 15; half++) {
    const exponent = half >> 10;
    const fraction = half & 0x3ff;
    let bits: number;
    if (exponent === 31) {
      bits = 0x7f800000 | (fraction << 13);
    } else if (exponent > 0) {
      bits = ((exponent + 127 - 15) << 23) | (fraction << 13);
    } else if (fraction === 0) {
      bits = 0;
    } else {
      // Subnormal, fraction * 2^-24: a normal number in f32. Shift its top bit out to become the hidden one.
      const shift = Math.clz32(fraction) - 21;
      bits = ((127 - 14 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
    }
    table[half] = bits;
    table[half | 0x8000] = bits | 0x80000000;
  }
  return table;
}

/**
 * The half nearest to a finite float, the even one of two that are equally near.
 * @param bits of the float; its magnitude is below `FLOAT16_OVERFLOW`
 */
export function floatBitsToFloat16(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  const exponent = magnitude >>> 23;
  // From 2^-14 on the exponent moves to the other bias and 13 fraction bits go; a carry runs into the exponent.
  if (exponent >= 127 - 14) return sign | roundedShift(magnitude - ((127 - 15) << 23), 13);
  // Below, a half counts 2^-24; f32 counts 2^(exponent - 150) with its hidden bit.
  const shift = 126 - exponent;
  return shift > 24 ? sign : sign | roundedShift((magnitude & 0x7fffff) | 0x800000, shift);
}

/** value / 2^shift, to the nearest integer, the even one of two; shift 1 .. 24 */
function roundedShift(value: number, shift: number): number {
  const odd = (value >>> shift) & 1;
  return (value + (1 << (shift - 1)) - 1 + odd) >>> shift;
}
