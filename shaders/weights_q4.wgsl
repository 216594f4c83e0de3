// q4: rows of blocks of eight vec4s: a float `scale`, then 32 numbers of four bits; an element is scale * (number - 8).

@group(0) @binding(1) var<storage, read> w: array<u32>;

fn weight_row(row: u32, inner: u32) -> u32 {
  return row * ((inner + BLOCK_VEC4S - 1u) / BLOCK_VEC4S) * BLOCK_WORDS;
}

fn weight(start: u32, k: u32) -> vec4f {
  let block = start + k / BLOCK_VEC4S * BLOCK_WORDS;
  let half = w[block + 1u + k % BLOCK_VEC4S / 2u] >> (k % 2u * 16u);
  let numbers = (vec4u(half) >> vec4u(0u, 4u, 8u, 12u)) & vec4u(15u);
  return bitcast<f32>(w[block]) * (vec4f(numbers) - 8.0);
}
