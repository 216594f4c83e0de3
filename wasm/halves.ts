/**
 * Halves of a matrix as halves that are never subnormal, in place, and back: the same numbers, whose exponents count from
 * 2^-25 and not from 2^-15. So the least subnormal half, 2^-24, is a normal number, and the largest is 2^7 less its last bit.
 * An exponent of 31 is a number like all others, and 0 is 0 still.
 *
 * That matters because a subnormal factor takes a processor some 150 cycles, and in a trained matrix one of a hundred
 * halves is one.
 */

import { F16, factorOf, halves, NORMAL_F16 } from "./weights";

/** From here on a number does not fit. */
const TOO_LARGE: f32 = 128;

/** Whether each of so many halves, a multiple of four, fits; if so they are changed. */
export function normalHalves(at: usize, count: i32): bool {
  const factor = factorOf(F16);
  const end = at + ((<usize>count) << 1);
  const limit = f32x4.splat(TOO_LARGE);
  for (let i = at; i < end; i += 8) {
    if (v128.any_true(f32x4.ge(f32x4.abs(halves(i, factor)), limit))) return false;
  }
  // 2^-102: what `halves` undoes.
  const back = f32x4.splat(1.9721522630525295e-31);
  for (let i = at; i < end; i += 8) {
    store(i, f32x4.mul(halves(i, factor), back));
  }
  return true;
}

/** What `normalHalves` has changed, as it was. */
export function plainHalves(at: usize, count: i32): void {
  const factor = factorOf(NORMAL_F16);
  const end = at + ((<usize>count) << 1);
  // 2^-112. Products are as small as 2^-136; they are subnormal floats, and exact.
  const back = f32x4.splat(1.925929944387236e-34);
  for (let i = at; i < end; i += 8) store(i, f32x4.mul(halves(i, factor), back));
}

/** Stores the signs and the 15 bits below the highest three of four floats, which have zeros around them. */
function store(at: usize, floats: v128): void {
  const sign = v128.and(i32x4.shr_u(floats, 16), i32x4.splat(0x8000));
  const rest = v128.and(i32x4.shr_u(floats, 13), i32x4.splat(0x7fff));
  const bits = v128.or(sign, rest);
  v128.store64_lane(at, i16x8.narrow_i32x4_u(bits, bits), 0);
}
