// y[b, t] = x[b, t] + positions[t]
//
// x, y (B, T, D)   positions (P, D)
// One thread adds one vec4.

struct Params {
  count: u32, // vec4s of x
  length: u32, // vec4s of a row of the batch
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> positions: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < p.count; i += groups.x * THREADS) {
    y[i] = x[i] + positions[i % p.length];
  }
}
