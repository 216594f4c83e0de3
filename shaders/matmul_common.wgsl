// Parameters and bindings of matmul.wgsl and matmul_tile.wgsl and the end of their `linear`, put in front of both.

struct Params {
  rows: u32, // R
  inner: u32, // vec4s of a row of x and w: K / 4, rounded up
  outer: u32, // N / 4, rounded up
  outer_length: u32, // N; where there are gates, w has as many rows again
  activation: u32,
  operand_use: u32, // OPERAND_NONE or OPERAND_ADDED
  scale: f32,
  time: u32, // T
  capacity: u32, // C
  width: u32, // I
  head_width: u32, // Dh, where there are rotary positions
  turned: u32, // how many elements of a head they turn; 0: none
  first: u32, // w may be a part of the whole: where its columns of y begin, in vec4s
  count: u32, // how many columns, in vec4s
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
// 1: w, see weights_f32.wgsl
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;
// linear
@group(0) @binding(3) var<storage, read> operand: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(5) var<uniform> p: Params;
// project
@group(0) @binding(3) var<storage, read> offset: array<u32>;
@group(0) @binding(4) var<storage, read_write> cache: array<Stored>;
@group(0) @binding(5) var<storage, read_write> query: array<Stored>;
@group(0) @binding(6) var<storage, read> angles: array<f32>;
@group(0) @binding(7) var<uniform> project_params: Params;

// product: x w^T; column: of y, in vec4s
fn write_linear(row: u32, column: u32, product: vec4f) {
  let to = row * p.outer + column;
  var value = activate(product * p.scale + bias[column], p.activation);
  if (p.operand_use == OPERAND_ADDED) {
    value += operand[to];
  }
  y[to] = value;
}
