// The maximum of scores, where it is, and the sum of exponentials, put in front of the kernels that need them.

struct Maximum {
  value: f32,
  index: u32,
  sum: f32, // of exp(x - value)
}

const NOTHING = Maximum(LEAST, 0xffffffffu, 0.0);

// Of two sets of scores together; of equals the lower index.
fn larger(a: Maximum, b: Maximum) -> Maximum {
  let less = exp(max(-abs(a.value - b.value), -87.0));
  if (a.value > b.value || (a.value == b.value && a.index < b.index)) {
    return Maximum(a.value, a.index, a.sum + b.sum * less);
  }
  return Maximum(b.value, b.index, b.sum + a.sum * less);
}

// Of four scores at c, those with a 0 in `there` left out.
fn of_four(scores: vec4f, there: vec4f, c: u32) -> Maximum {
  // WGSL promises neither infinities nor their difference.
  let four = select(vec4f(LEAST), clamp(scores, vec4f(LEAST), vec4f(-LEAST)), there > vec4f(0.0));
  let highest = max(max(four.x, four.y), max(four.z, four.w));
  let first = select(select(select(3u, 2u, four.z == highest), 1u, four.y == highest), 0u, four.x == highest);
  return Maximum(highest, 4u * c + first, dot(exp(max(four - highest, vec4f(-87.0))), there));
}
