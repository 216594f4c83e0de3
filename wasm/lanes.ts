/** Four floats at a time: multiply and add, sums over the lanes, and the last one to three elements of a row. */

/** a * b + c. The relaxed instruction rounds once where the processor can, and twice elsewhere. */
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** (lane 0 + lane 2) + (lane 1 + lane 3) */
export function sumOfLanes(v: v128): f32 {
  const halves = f32x4.add(v, i64x2.shuffle(v, v, 1, 0));
  return f32x4.extract_lane(halves, 0) + f32x4.extract_lane(halves, 1);
}

/** The sums of the lanes of four vectors, side by side, each added up as `sumOfLanes` does. */
export function fourSums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(i32x4.shuffle(a, b, 0, 4, 1, 5), i32x4.shuffle(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(i32x4.shuffle(c, d, 0, 4, 1, 5), i32x4.shuffle(c, d, 2, 6, 3, 7));
  return f32x4.add(i64x2.shuffle(ab, cd, 0, 2), i64x2.shuffle(ab, cd, 1, 3));
}

/** The first `count` (1 to 3) of four floats; the other lanes are zero. Reads nothing past them. */
export function loadPart(from: usize, count: i32): v128 {
  if (count == 1) return v128.load32_zero(from);
  const two = v128.load64_zero(from);
  return count == 2 ? two : v128.load32_lane(from, two, 2, 8);
}

/** Stores the first `count` (1 to 3) lanes. */
export function storePart(to: usize, v: v128, count: i32): void {
  if (count == 1) return v128.store32_lane(to, v, 0);
  v128.store64_lane(to, v, 0);
  if (count == 3) v128.store32_lane(to, v, 2, 8);
}

/** Stores the four lanes `step` bytes apart. */
export function storeApart(to: usize, step: usize, v: v128): void {
  v128.store32_lane(to, v, 0);
  v128.store32_lane(to + step, v, 1);
  v128.store32_lane(to + 2 * step, v, 2);
  v128.store32_lane(to + 3 * step, v, 3);
}
