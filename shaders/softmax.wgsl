// Softmax over the last dimension, and its logarithm, with m = max(x) and s = sum(exp(x - m)):
//
//   softmax:     y = exp(x - m) / s
//   log_softmax: y = x - m - log(s)
//
// x, y (R, V), rows of vec4
// One workgroup per row. Each thread keeps four sums, not one: over 250,000 elements it is the long sum that loses digits.

struct Params {
  length: u32, // V
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

// Four elements of the row that begins at `row`; padding must not count.
fn four(row: u32, c: u32) -> vec4f {
  return select(vec4f(LEAST), x[row + c], present(c, p.length) > vec4f(0));
}

// (m, s), for every thread of the row.
fn statistics(row: u32, local: u32) -> vec2f {
  let columns = padded(p.length) / 4u;

  var most = vec4f(LEAST);
  for (var c = local; c < columns; c += WORKGROUP) {
    most = max(most, four(row, c));
  }
  most = highest(most, local);
  let m = max(max(most.x, most.y), max(most.z, most.w));

  var sum = vec4f(0);
  for (var c = local; c < columns; c += WORKGROUP) {
    // Where all of a row is banned, its padding is as high as the rest.
    sum += exp(max(four(row, c) - m, vec4f(-87.0))) * present(c, p.length);
  }
  return vec2f(m, dot(total(sum, local), vec4f(1.0)));
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
