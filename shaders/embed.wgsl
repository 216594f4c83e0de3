// Token embedding without a norm, see embed_common.wgsl. One thread per vec4 of the output: x runs over D / 4, y and z over the rows B * T.

@group(0) @binding(5) var<uniform> p: Params;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let column = id.x;
  let row = id.z * groups.y + id.y;
  if (row >= p.rows || column >= p.width) {
    return;
  }
  let place = place_of(row);
  if (place.there) {
    write(row, column, place, value_of(place.sum, column));
  }
}
