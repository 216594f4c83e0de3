// How the products and the embedding read their matrix, put in front of them: weights_f16.wgsl, weights_q8.wgsl and
// weights_q4.wgsl are the same two functions for the other layouts of src/tensor/weight-format.ts.
//
// f32: rows of `inner` vec4s.

@group(0) @binding(1) var<storage, read> w: array<vec4f>;

// Where a row begins. inner: vec4s of a row.
fn weight_row(row: u32, inner: u32) -> u32 {
  return row * inner;
}

// The k-th vec4 of the row that begins at `start`.
fn weight(start: u32, k: u32) -> vec4f {
  return w[start + k];
}
