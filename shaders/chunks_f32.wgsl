// How matvec_rows.wgsl reads w, put in front of it: a thread loads a chunk of CHUNK vec4s at once, 8 or 16 bytes.
// chunks_f16.wgsl, chunks_q8.wgsl and chunks_q4.wgsl are the same for the other layouts of
// src/backends/webgpu/weight-layout.ts.
//
// f32: a chunk is a vec4.

@group(0) @binding(1) var<storage, read> w: array<vec4f>;

alias Chunk = vec4f;
// Whether a product with a chunk has to be multiplied by its scale.
const SCALED = false;

// Where a row begins. inner: vec4s of a row.
fn weight_row(row: u32, inner: u32) -> u32 {
  return row * inner;
}

// The c-th chunk of the row that begins at `start`.
fn chunk(start: u32, c: u32) -> Chunk {
  return w[start + c];
}

// The j-th vec4 of a chunk, without its scale.
fn chunk_part(chunk: Chunk, j: u32) -> vec4f {
  return chunk;
}

fn chunk_scale(start: u32, c: u32) -> f32 {
  return 1.0;
}
