// q4: a chunk is half a block, 16 numbers of four bits.

@group(0) @binding(1) var<storage, read> w: array<vec2u>;

alias Chunk = vec2u;
const SCALED = true;

fn weight_row(row: u32, inner: u32) -> u32 {
  return row * row_words(inner) / 2u + scale_words(inner) / 2u;
}

fn chunk(start: u32, c: u32) -> Chunk {
  return w[start + c];
}

fn chunk_part(chunk: Chunk, j: u32) -> vec4f {
  let half = chunk[j / 2u] >> (j % 2u * 16u);
  return vec4f((vec4u(half) >> vec4u(0u, 4u, 8u, 12u)) & vec4u(15u)) - 8.0;
}

fn chunk_scale(start: u32, c: u32) -> f32 {
  let word = 2u * start - 1u - c / 2u;
  return bitcast<f32>(w[word / 2u][word % 2u]);
}
