// q8: rows of blocks of eight vec4s: a float `scale`, then 32 signed bytes; an element is scale * byte.

@group(0) @binding(1) var<storage, read> w: array<u32>;

fn weight_row(row: u32, inner: u32) -> u32 {
  return row * ((inner + BLOCK_VEC4S - 1u) / BLOCK_VEC4S) * BLOCK_WORDS;
}

fn weight(start: u32, k: u32) -> vec4f {
  let block = start + k / BLOCK_VEC4S * BLOCK_WORDS;
  let word = w[block + 1u + k % BLOCK_VEC4S];
  // Each byte goes to the top of its own integer and back down with its sign.
  let integers = vec4i(vec4u(word) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u);
  return bitcast<f32>(w[block]) * vec4f(integers);
}
