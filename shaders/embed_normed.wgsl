// Token embedding with a norm, see embed_common.wgsl. One workgroup per row, whose threads find its statistics together. A grid is less
// wide than there may be rows, which go over its first two dimensions.

@group(0) @binding(5) var<storage, read> norm: array<vec4f>;
@group(0) @binding(6) var<uniform> p: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let row = group.y * groups.x + group.x;
  if (row >= p.rows) {
    return;
  }
  let place = place_of(row);
  if (!place.there) {
    return;
  }
  // Two passes, as in moments.wgsl.
  let length = f32(p.row_length);
  var mean = 0.0;
  if (p.norm_kind != NORM_RMS) {
    var sum = vec4f();
    for (var c = local; c < p.width; c += WORKGROUP) {
      sum += value_of(place.sum, c) * present(c, p.row_length);
    }
    mean = dot(total(sum, local), vec4f(1.0)) / length;
  }
  var squares = vec4f();
  for (var c = local; c < p.width; c += WORKGROUP) {
    let d = (value_of(place.sum, c) - mean) * present(c, p.row_length);
    squares += d * d;
  }
  let scale = inverseSqrt(dot(total(squares, local), vec4f(1.0)) / length + p.eps);
  for (var c = local; c < p.width; c += WORKGROUP) {
    write(row, c, place, (value_of(place.sum, c) - mean) * scale * norm[c] + norm[p.width + c]);
  }
}
