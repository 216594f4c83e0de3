// What is left of a gated product where w is in several parts, so that no thread has both halves: see gated.wgsl.
//
//   y = activation(x[.., 0 .. N-1]) x[.., N .. 2N-1]
//
// x (R, 2N)   y (R, N)
// One thread per element.

struct Params {
  columns: u32, // N
  activation: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < p.columns) {
    let at = id.y * padded(2u * p.columns) + id.x;
    y[id.y * padded(p.columns) + id.x] = activate(vec4f(x[at]), p.activation).x * x[at + p.columns];
  }
}
