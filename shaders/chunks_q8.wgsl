// q8: a chunk is half a block, 16 signed bytes.

@group(0) @binding(1) var<storage, read> w: array<vec4u>;

alias Chunk = vec4u;
const SCALED = true;

fn weight_row(row: u32, inner: u32) -> u32 {
  return row * row_words(inner) / 4u + scale_words(inner) / 4u;
}

fn chunk(start: u32, c: u32) -> Chunk {
  return w[start + c];
}

fn chunk_part(chunk: Chunk, j: u32) -> vec4f {
  // Each byte goes to the top of its own integer and back down with its sign.
  return vec4f(vec4i(vec4u(chunk[j]) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u));
}

fn chunk_scale(start: u32, c: u32) -> f32 {
  let word = 4u * start - 1u - c / 2u;
  return bitcast<f32>(w[word / 4u][word % 4u]);
}
