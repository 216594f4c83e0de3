// Layer normalisation over the last dimension:
//
//   y = (x - mean(x)) / sqrt(mean((x - mean(x))^2) + eps) * gain + bias
//
// Root mean square normalisation is the same with 0 for mean(x).
//
// x, y (R, D)   norm (2, D): gain, then bias
// One workgroup per row. A grid is less wide than there may be rows, which go over its first two dimensions.

struct Params {
  width: u32, // vec4s of a row
  length: u32, // D
  eps: f32,
  rms: u32,
  rows: u32, // R
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> norm: array<vec4f>;
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
  let m = moments(row, p.width, p.width, p.length, p.rms == 0u, local);
  let scale = inverseSqrt(m.y / f32(p.length) + p.eps);

  for (var c = local; c < p.width; c += WORKGROUP) {
    y[row + c] = (x[row + c] - m.x) * scale * norm[c] + norm[p.width + c];
  }
}
