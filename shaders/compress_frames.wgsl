// Loudness evened out, frame by frame:
//
//   y = asinh(exp(scale) * (x - mean(x)) / sqrt(mean((x - mean(x))^2) + eps))
//
// x, y (R, C)   scale (1)
// One workgroup per frame. Each thread sums its share, then every thread adds up all shares.

override WORKGROUP: u32 = 64;

struct Params {
  width: u32, // vec4s of a frame
  length: u32, // C
  eps: f32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> scale: array<f32>;
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
  mean /= f32(p.length);

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
  let gain = exp(scale[0]) * inverseSqrt(variance / f32(p.length) + p.eps);

  for (var c = local; c < p.width; c += WORKGROUP) {
    let value = (x[row + c] - mean) * gain;
    // The builtin may lose all digits of what is negative.
    let size = abs(value);
    y[row + c] = sign(value) * log(size + sqrt(size * size + 1.0));
  }
}
