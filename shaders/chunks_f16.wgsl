// f16: a chunk is a vec4, four halves.

@group(0) @binding(1) var<storage, read> w: array<vec2u>;

alias Chunk = vec2u;
const SCALED = false;

fn weight_row(row: u32, inner: u32) -> u32 {
  return row * inner;
}

fn chunk(start: u32, c: u32) -> Chunk {
  return w[start + c];
}

fn chunk_part(chunk: Chunk, j: u32) -> vec4f {
  return vec4f(unpack2x16float(chunk.x), unpack2x16float(chunk.y));
}

fn chunk_scale(start: u32, c: u32) -> f32 {
  return 1.0;
}
