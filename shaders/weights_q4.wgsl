// q4: rows of blocks of eight vec4s, 32 numbers of four bits with a `scale` each, see block_rows.wgsl; an element is
// scale * (number - 8).

@group(0) @binding(1) var<storage, read> w: array<u32>;

fn weight_row(row: u32, inner: u32) -> u32 {
  return row * row_words(inner) + scale_words(inner);
}

fn weight(start: u32, k: u32) -> vec4f {
  let half = w[start + k / 2u] >> (k % 2u * 16u);
  let numbers = (vec4u(half) >> vec4u(0u, 4u, 8u, 12u)) & vec4u(15u);
  return bitcast<f32>(w[start - 1u - k / BLOCK_VEC4S]) * (vec4f(numbers) - 8.0);
}
