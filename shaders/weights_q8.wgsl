// q8: rows of blocks of eight vec4s, 32 signed bytes with a `scale` each, see block_rows.wgsl; an element is scale * byte.

@group(0) @binding(1) var<storage, read> w: array<u32>;

fn weight_row(row: u32, inner: u32) -> u32 {
  return row * row_words(inner) + scale_words(inner);
}

fn weight(start: u32, k: u32) -> vec4f {
  // Each byte goes to the top of its own integer and back down with its sign.
  let integers = vec4i(vec4u(w[start + k]) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u);
  return bitcast<f32>(w[start - 1u - k / BLOCK_VEC4S]) * vec4f(integers);
}
