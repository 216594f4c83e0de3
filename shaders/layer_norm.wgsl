// Layer normalisation over the last dimension:
//
//   y = (x - mean(x)) / sqrt(mean((x - mean(x))^2) + eps) * gain + bias
//
// Root mean square normalisation is the same with 0 for mean(x).
//
// x, y (R, D)   norm (2, D): gain, then bias
// One workgroup per row. Each thread sums its share, then every thread adds up all shares: two barriers in all.
// Two passes, not E[x^2] - E[x]^2, which cancels where the mean is large.

override WORKGROUP: u32 = 64;

struct Params {
  width: u32, // vec4s of a row
  length: u32, // D
  eps: f32,
  rms: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> norm: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

var<workgroup> sums: array<f32, WORKGROUP>;
var<workgroup> squares: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = group.x * p.width;

  var sum = 0.0;
  for (var c = local; c < p.width; c += WORKGROUP) {
    sum += dot(x[row + c], present(c, p.length));
  }
  sums[local] = sum;
  workgroupBarrier();
  var mean = 0.0;
  for (var i = 0u; i < WORKGROUP; i++) {
    mean += sums[i];
  }
  mean = select(mean / f32(p.length), 0.0, p.rms != 0u);

  var square = 0.0;
  for (var c = local; c < p.width; c += WORKGROUP) {
    let d = (x[row + c] - mean) * present(c, p.length);
    square += dot(d, d);
  }
  squares[local] = square;
  workgroupBarrier();
  var variance = 0.0;
  for (var i = 0u; i < WORKGROUP; i++) {
    variance += squares[i];
  }
  let scale = inverseSqrt(variance / f32(p.length) + p.eps);

  for (var c = local; c < p.width; c += WORKGROUP) {
    y[row + c] = (x[row + c] - mean) * scale * norm[c] + norm[p.width + c];
  }
}
