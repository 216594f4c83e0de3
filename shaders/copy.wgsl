// y = x, to find out how many bytes a second this GPU reads and writes.
//
// x, y: count vec4s
// Each thread copies every strideth vec4, so neighbours read and write neighbours.

struct Params {
  count: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

override WORKGROUP: u32;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < p.count; i += groups.x * WORKGROUP) {
    y[i] = x[i];
  }
}
