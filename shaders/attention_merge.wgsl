// Puts together what the workgroups of attention_split.wgsl have found that divided the keys of a query and head:
//
//   y = sum of o[i] exp(m[i] - m) / sum of s[i] exp(m[i] - m), m the largest of m[i]
//
//   parts: for each query, head and part the vec4s of o, then (m, s, 0, 0)   y (B, T, I)
//
// One thread for each vec4 of y. A query without keys gets zeros.

struct Params {
  rows: u32, // B * T
  heads: u32, // H
  columns: u32, // vec4s of a head
  parts: u32,
}

@group(0) @binding(0) var<storage, read> parts: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y;
  if (id.x >= p.heads * p.columns) {
    return;
  }
  let pitch = p.columns + 1u;
  let first = (row * p.heads + id.x / p.columns) * p.parts * pitch;
  var highest = LEAST;
  for (var i = 0u; i < p.parts; i++) {
    highest = max(highest, parts[first + i * pitch + p.columns].x);
  }
  var sum = 0.0;
  var output = vec4f();
  for (var i = 0u; i < p.parts; i++) {
    let found = parts[first + i * pitch + p.columns];
    let weight = exp(max(found.x - highest, -80.0));
    sum += weight * found.y;
    output += weight * parts[first + i * pitch + id.x % p.columns];
  }
  y[row * p.heads * p.columns + id.x] = select(vec4f(0.0), output / sum, sum > 0.0);
}
