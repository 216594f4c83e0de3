// Softmax over the last dimension: y = exp(x - max(x)) / sum(exp(x - max(x)))
//
// x, y (R, V)
// One workgroup a row; each thread takes every WORKGROUP-th element, then reads all threads' results.

override WORKGROUP: u32 = 64;

struct Params {
  length: u32, // V
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

var<workgroup> maxima: array<f32, WORKGROUP>;
var<workgroup> sums: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = group.x * padded(p.length);

  var highest = -3.0e38;
  for (var c = local; c < p.length; c += WORKGROUP) {
    highest = max(highest, x[row + c]);
  }
  maxima[local] = highest;
  workgroupBarrier();
  for (var i = 0u; i < WORKGROUP; i++) {
    highest = max(highest, maxima[i]);
  }

  var sum = 0.0;
  for (var c = local; c < p.length; c += WORKGROUP) {
    sum += exp(max(x[row + c] - highest, -87.0));
  }
  sums[local] = sum;
  workgroupBarrier();
  sum = 0.0;
  for (var i = 0u; i < WORKGROUP; i++) {
    sum += sums[i];
  }

  for (var c = local; c < p.length; c += WORKGROUP) {
    y[row + c] = exp(max(x[row + c] - highest, -87.0)) / sum;
  }
}
