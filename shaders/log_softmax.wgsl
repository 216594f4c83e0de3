// y = x - max(x) - log(sum(exp(x - max(x)))) over the last dimension
//
// x, y (R, V), rows of vec4
// One workgroup a row. Four sums a thread instead of one: over 250,000 elements it is the long sum that loses digits.

override WORKGROUP: u32 = 64;

struct Params {
  length: u32, // V
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

const LEAST = -3.0e38;

var<workgroup> maxima: array<f32, WORKGROUP>;
var<workgroup> sums: array<f32, WORKGROUP>;

/// Four elements of the row; padding must not count.
fn four(row: u32, c: u32) -> vec4f {
  let valid = 4u * c + vec4u(0, 1, 2, 3) < vec4u(p.length);
  return select(vec4f(LEAST), x[row + c], valid);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let columns = padded(p.length) / 4u;
  let row = group.x * columns;

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
    let valid = 4u * c + vec4u(0, 1, 2, 3) < vec4u(p.length);
    sum4 += select(vec4f(0), exp(max(four(row, c) - highest, vec4f(-87.0))), valid);
  }
  sums[local] = sum4.x + sum4.y + sum4.z + sum4.w;
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < WORKGROUP; i++) {
    sum += sums[i];
  }

  for (var c = local; c < columns; c += WORKGROUP) {
    y[row + c] = max(four(row, c) - highest, vec4f(LEAST)) - log(sum);
  }
}
