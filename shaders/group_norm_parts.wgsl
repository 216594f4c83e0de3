// The first half of group normalisation in one group: mean and sum of squared distances from it, of a part of the rows of a sound.
// group_norm.wgsl puts the parts together.
//
// x (B, T, C)   lengths (B)   parts (B, parts, 4): mean, sum of squares, count, 0
// One workgroup per part and sound.

struct Params {
  rows: u32, // T
  width: u32, // vec4s of a row
  channels: u32, // C
  less: u32,
  share: u32, // rows of a part
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> lengths: array<u32>;
@group(0) @binding(2) var<storage, read_write> parts: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let b = group.y;
  let end = min(p.rows, max(lengths[b], p.less + 1u) - p.less);
  let first = min(group.x * p.share, end);
  let count = min(p.share, end - first);
  let start = (b * p.rows + first) * p.width;
  let m = moments(start, count * p.width, p.width, p.channels, true, local);
  if (local == 0u) {
    parts[b * groups.x + group.x] = vec4f(m.x, m.y, f32(count * p.channels), 0.0);
  }
}
