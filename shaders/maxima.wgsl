// What a choice from many scores begins with: the maximum of each part of a row, its index and the sum of exponentials, see
// maxima_common.wgsl. One workgroup for each part. Where the product that makes the scores keeps this itself (matvec_score.wgsl), this
// kernel is not needed.
//
//   x (R, V), rows of vec4   y (3, R, parts)

struct Params {
  length: u32, // V
  chunk: u32, // vec4s of a part
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let columns = padded(p.length) / 4u;
  let end = min(columns, (group.x + 1u) * p.chunk);
  var mine = NOTHING;
  for (var c = group.x * p.chunk + local; c < end; c += WORKGROUP) {
    mine = larger(mine, of_four(x[group.y * columns + c], present(c, p.length), c));
  }
  let all = of_all(mine, local);
  if (local == 0u) {
    let plane = groups.x * groups.y;
    let to = group.y * groups.x + group.x;
    y[to] = bitcast<u32>(all.value);
    y[plane + to] = all.index;
    y[2u * plane + to] = bitcast<u32>(all.sum);
  }
}
