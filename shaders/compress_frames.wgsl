// Loudness evened out, frame by frame:
//
//   y = asinh(exp(scale) * (x - mean(x)) / sqrt(mean((x - mean(x))^2) + eps))
//
// x, y (R, C)   scale (1)
// One workgroup per frame, over two dimensions of the grid, as in layer_norm.wgsl.

struct Params {
  width: u32, // vec4s of a frame
  length: u32, // C
  eps: f32,
  rows: u32, // R
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> scale: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let index = group.y * groups.x + group.x;
  if (index >= p.rows) {
    return;
  }
  let row = index * p.width;
  let m = moments(row, p.width, p.width, p.length, true, local);
  let gain = exp(scale[0]) * inverseSqrt(m.y / f32(p.length) + p.eps);

  for (var c = local; c < p.width; c += WORKGROUP) {
    let value = (x[row + c] - m.x) * gain;
    // The builtin may lose all digits of what is negative.
    let size = abs(value);
    y[row + c] = sign(value) * log(size + sqrt(size * size + 1.0));
  }
}
