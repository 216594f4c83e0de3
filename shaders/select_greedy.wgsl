// The next token of each row, and everything that follows from it, on the device:
//
//   token = argmax(logits), the lowest id of equals; logprob = -log(sum(exp(logits - max)))
//   history[position, b] = token; logprobs[position, b] = logprob; position += 1; finished once token ends the row
//
// logits (B, V)   the rest: take_token.wgsl. One workgroup per row.

override WORKGROUP: u32 = 64;

struct Params {
  rows: u32, // B
  length: u32, // V
  eos_count: u32, // E
  pad: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(7) var<uniform> p: Params;

var<workgroup> values: array<f32, WORKGROUP>;
var<workgroup> indices: array<u32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let b = group.x;
  let row = b * padded(p.length);

  // 1. the largest logit; a thread's indices rise, so > keeps the lowest
  var best = min(local, p.length - 1u);
  for (var c = local; c < p.length; c += WORKGROUP) {
    if (logits[row + c] > logits[row + best]) {
      best = c;
    }
  }
  values[local] = logits[row + best];
  indices[local] = best;
  workgroupBarrier();
  var highest = values[0];
  best = indices[0];
  for (var i = 1u; i < WORKGROUP; i++) {
    if (values[i] > highest || (values[i] == highest && indices[i] < best)) {
      highest = values[i];
      best = indices[i];
    }
  }
  workgroupBarrier();

  // 2. the sum of exponentials
  var sum = 0.0;
  for (var c = local; c < p.length; c += WORKGROUP) {
    sum += exp(max(logits[row + c] - highest, -87.0));
  }
  values[local] = sum;
  workgroupBarrier();

  if (local == 0u) {
    sum = 0.0;
    for (var i = 0u; i < WORKGROUP; i++) {
      sum += values[i];
    }
    take_token(b, best, -log(sum), p);
  }
}
