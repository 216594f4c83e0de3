// Bindings of matvec.wgsl, matvec_group.wgsl, matvec_rows.wgsl and matvec_score.wgsl and the end of their `linear`, put in front of each.

struct Params {
  rows: u32, // R
  inner: u32, // vec4s of a row of x and w: K / 4, rounded up
  outer: u32, // N / 4, rounded up
  length: u32, // K
  eps: f32,
  normed: u32, // whether there is a norm
  rms: u32, // 1: norm is a root mean square norm
  scale: f32,
  activation: u32,
  operand_use: u32, // OPERAND_NONE, _ADDED, or added after a norm: _LAYER_NORMED, _RMS_NORMED
  outer_length: u32, // N; where there are gates, w has as many rows again
  operand_eps: f32,
  time: u32, // T
  capacity: u32, // C
  width: u32, // I
  head_width: u32, // Dh, where there are rotary positions
  turned: u32, // how many elements of a head they turn; 0: none
  first: u32, // w may be a part of the whole: where its columns of y begin, in vec4s
  count: u32, // how many columns, in vec4s
  maxima: u32, // of a row of scores; 0 where nobody asks
  first_maximum: u32, // of this part
  earlier_rms: u32, // of the norm before the norm of x, which only scores have; see matvec_score.wgsl
  earlier_eps: f32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
// 1: w, see weights_f32.wgsl
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;
@group(0) @binding(3) var<storage, read> norm: array<vec4f>;
// linear
@group(0) @binding(4) var<storage, read> operand: array<vec4f>;
@group(0) @binding(5) var<storage, read> operand_norm: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(7) var<uniform> p: Params;
// project
@group(0) @binding(4) var<storage, read> offset: array<u32>;
@group(0) @binding(5) var<storage, read_write> cache: array<Stored>;
@group(0) @binding(6) var<storage, read_write> query: array<Stored>;
@group(0) @binding(7) var<storage, read> angles: array<f32>;
@group(0) @binding(8) var<uniform> project_params: Params;

fn operand_is_normed() -> bool {
  return p.operand_use == OPERAND_LAYER_NORMED || p.operand_use == OPERAND_RMS_NORMED;
}

// product: x w^T; s: the operand's (mean, 1 / standard deviation)
fn write_linear(row: u32, column: u32, product: vec4f, s: vec2f) {
  let to = row * p.outer + column;
  var value = activate(product * p.scale + bias[column], p.activation);
  switch p.operand_use {
    case OPERAND_ADDED: {
      value += operand[to];
    }
    case OPERAND_LAYER_NORMED, OPERAND_RMS_NORMED: {
      value += (operand[to] - s.x) * s.y * operand_norm[column] + operand_norm[p.outer + column];
    }
    default: {
    }
  }
  y[to] = value;
}
