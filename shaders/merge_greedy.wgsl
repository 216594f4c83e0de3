// The same operation as select_greedy.wgsl where the maxima of the parts of each row are known, see maxima_common.wgsl: no thread
// reads the logits. One workgroup per row.
//
//   maxima (3, B, parts)   token, position, finished (B)   history, logprobs (C, B)   eos (E)

struct Params {
  rows: u32, // B
  parts: u32,
  eos_count: u32, // E
  pad: u32,
}

@group(0) @binding(1) var<storage, read> eos: array<u32>;
@group(0) @binding(2) var<storage, read_write> token: array<u32>;
@group(0) @binding(3) var<storage, read_write> position: array<u32>;
@group(0) @binding(4) var<storage, read_write> finished: array<u32>;
@group(0) @binding(5) var<storage, read_write> history: array<u32>;
@group(0) @binding(6) var<storage, read_write> logprobs: array<f32>;
@group(0) @binding(7) var<uniform> p: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let b = group.x;
  let best = of_row(b, p.rows, p.parts, local);
  if (local != 0u) {
    return;
  }
  let ended = finished[b] != 0u;
  let chosen = select(best.index, p.pad, ended);
  let at = position[b];
  token[b] = chosen;
  history[at * p.rows + b] = chosen;
  logprobs[at * padded(p.rows) + b] = select(-log(best.sum), 0.0, ended);
  position[b] = at + 1u;
  for (var i = 0u; i < p.eos_count; i++) {
    if (eos[i] == chosen) {
      finished[b] = 1u;
    }
  }
}
