// Bindings of matvec.wgsl and matvec_group.wgsl and the end of their `linear`, put in front of both.

override NORMED: bool = false;

struct Params {
  inner: u32, // vec4s a row of x and w
  outer: u32, // N / 4, rounded up
  length: u32, // K
  eps: f32,
  rms: u32, // 1: norm is a root mean square norm
  scale: f32,
  activation: u32,
  operand: u32, // 0: none, 1: added, 2: added after layer norm, 3: added after root mean square norm, 4: multiplied
  outer_length: u32, // N
  operand_eps: f32,
  time: u32, // T
  capacity: u32, // C
  width: u32, // I
  first: u32, // w may be a part of the whole: where its columns of y begin, in vec4s
  count: u32, // and how many they are
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
@group(0) @binding(5) var<storage, read_write> cache: array<f32>;
@group(0) @binding(6) var<storage, read_write> query: array<f32>;
@group(0) @binding(7) var<uniform> project_params: Params;

fn operand_is_normed() -> bool {
  return p.operand == 2u || p.operand == 3u;
}

// product: x w^T; s: the operand's (mean, 1 / standard deviation)
fn write_linear(row: u32, column: u32, product: vec4f, s: vec2f) {
  let to = row * p.outer + column;
  var value = activate(product * p.scale + bias[column], p.activation);
  switch p.operand {
    case 1u: {
      value += operand[to];
    }
    case 2u, 3u: {
      value += (operand[to] - s.x) * s.y * operand_norm[column] + operand_norm[p.outer + column];
    }
    case 4u: {
      value *= operand[to];
    }
    default: {
    }
  }
  y[to] = value;
}
