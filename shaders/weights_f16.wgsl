// f16: rows of `inner` times four halves, two to a word. Unpacking needs no `shader-f16` and is exact.

@group(0) @binding(1) var<storage, read> w: array<vec2u>;

fn weight_row(row: u32, inner: u32) -> u32 {
  return row * inner;
}

fn weight(start: u32, k: u32) -> vec4f {
  let halves = w[start + k];
  return vec4f(unpack2x16float(halves.x), unpack2x16float(halves.y));
}
