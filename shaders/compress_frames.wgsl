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

// asinh of what is not negative; of what is, the builtin may lose all digits. Near 1 a logarithm may be off by 2^-21, much of a small
// result, so there it is the Taylor series: its first term left out is below 2^-24 of the result up to 1/4.
fn asinh_of(x: vec4f) -> vec4f {
  let s = x * x;
  let series = x * (1.0 + s * (-1.0 / 6.0 + s * (3.0 / 40.0 + s * (-5.0 / 112.0 + s * (35.0 / 1152.0)))));
  return select(log(x + sqrt(s + 1.0)), series, x < vec4f(0.25));
}

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
    y[row + c] = sign(value) * asinh_of(abs(value));
  }
}
