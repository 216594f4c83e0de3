// Softmax over the last dimension, and its logarithm, with m = max(x) and s = sum(exp(x - m)):
//
//   softmax:     y = exp(x - m) / s
//   log_softmax: y = x - m - log(s)
//
// x, y (R, V), rows of vec4
// One workgroup per row. Each thread keeps four sums, not one: over 250,000 elements it is the long sum that loses digits.

override WORKGROUP: u32 = 64;

struct Params {
  length: u32, // V
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

var<workgroup> maxima: array<f32, WORKGROUP>;
var<workgroup> sums: array<f32, WORKGROUP>;

// Four elements of the row that begins at `row`; padding must not count.
fn four(row: u32, c: u32) -> vec4f {
  return select(vec4f(LEAST), x[row + c], present(c, p.length) > vec4f(0));
}

// (m, s), for every thread of the row.
fn statistics(row: u32, local: u32) -> vec2f {
  let columns = padded(p.length) / 4u;

  var highest4 = vec4f(LEAST);
  for (var c = local; c < columns; c += WORKGROUP) {
    highest4 = max(highest4, four(row, c));
  }
  maxima[local] = max(max(highest4.x, highest4.y), max(highest4.z, highest4.w));
  workgroupBarrier();
  var highest = LEAST;
  for (var i = 0u; i < WORKGROUP; i++) {
    highest = max(highest, maxima[i]);
  }

  var sum4 = vec4f(0);
  for (var c = local; c < columns; c += WORKGROUP) {
    // Where all of a row is banned, its padding is as high as the rest.
    sum4 += exp(max(four(row, c) - highest, vec4f(-87.0))) * present(c, p.length);
  }
  sums[local] = sum4.x + sum4.y + sum4.z + sum4.w;
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < WORKGROUP; i++) {
    sum += sums[i];
  }
  return vec2f(highest, sum);
}

@compute @workgroup_size(WORKGROUP)
fn softmax(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let columns = padded(p.length) / 4u;
  let row = group.x * columns;
  let s = statistics(row, local);
  for (var c = local; c < columns; c += WORKGROUP) {
    y[row + c] = exp(max(four(row, c) - s.x, vec4f(-87.0))) / s.y;
  }
}

@compute @workgroup_size(WORKGROUP)
fn log_softmax(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let columns = padded(p.length) / 4u;
  let row = group.x * columns;
  let s = statistics(row, local);
  for (var c = local; c < columns; c += WORKGROUP) {
    y[row + c] = max(four(row, c) - s.x, vec4f(LEAST)) - log(s.y);
  }
}
