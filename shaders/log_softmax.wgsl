// The logarithm of softmax.wgsl where the maxima of the parts of each row are known, see maxima_common.wgsl:
//
//   y = x - m - log(s)
//
//   maxima, maxima_of_y (3, R, parts)   x, y (R, V), rows of vec4
//
// A workgroup for each CHUNK vec4s of a row; each of them puts the parts of its row together.

struct Params {
  rows: u32, // R
  length: u32, // V
  parts: u32,
  chunk: u32, // vec4s of a workgroup
}

@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> maxima_of_y: array<u32>;
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let columns = padded(p.length) / 4u;
  let row = group.y * columns;
  let best = of_row(group.y, p.rows, p.parts, local);
  let shift = log(best.sum);
  for (var c = group.x * p.chunk + local; c < min(columns, (group.x + 1u) * p.chunk); c += WORKGROUP) {
    y[row + c] = max(x[row + c] - best.value, vec4f(LEAST)) - shift;
  }
  // The workgroups of a row divide its parts among them.
  let plane = p.rows * p.parts;
  for (var i = group.x * WORKGROUP + local; i < p.parts; i += groups.x * WORKGROUP) {
    let at = group.y * p.parts + i;
    maxima_of_y[at] = bitcast<u32>(max(bitcast<f32>(maxima[at]) - best.value, LEAST) - shift);
    maxima_of_y[plane + at] = maxima[plane + at];
    maxima_of_y[2u * plane + at] = maxima[2u * plane + at];
  }
}
