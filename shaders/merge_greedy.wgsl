// The same operation as select_greedy.wgsl where the maxima of the parts of each row are known, see maxima_common.wgsl: no thread
// reads the logits. One workgroup per row.
//
//   maxima (3, B, parts)   the rest: take_token.wgsl

struct Params {
  rows: u32, // B
  parts: u32,
  eos_count: u32, // E
  pad: u32,
}

@group(0) @binding(7) var<uniform> p: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let b = group.x;
  let best = of_row(b, p.rows, p.parts, local);
  if (local == 0u) {
    take_token(b, best.index, -log(best.sum), p);
  }
}
