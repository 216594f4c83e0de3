// The finished hypotheses of a beam search, each walked back along its parents, so that JavaScript reads sequences and not
// the steps of all beams; backends/cpu/beam.ts says it in plain loops.
//
//   trace (C, 3, R), slots (R, SLOT) -> y (R, 3, C): token, parent row and bits of the log-probability; 0 past the end
//
// One thread a slot. Neighbours read along the same steps, and write rows of their own.

const WORKGROUP = 64u;
const SLOT_FIELDS = 6u; // running, score, length, parent, token, sum

struct Params {
  rows: u32, // R
  capacity: u32, // C
}

@group(0) @binding(0) var<storage, read> trace: array<u32>;
@group(0) @binding(1) var<storage, read> slots: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let slot = id.x;
  if (slot >= p.rows) {
    return;
  }
  let length = min(slots[slot * SLOT_FIELDS + 2u], p.capacity);
  var parent = slots[slot * SLOT_FIELDS + 3u];
  var token = slots[slot * SLOT_FIELDS + 4u];
  var sum = bitcast<f32>(slots[slot * SLOT_FIELDS + 5u]);
  let out = slot * 3u * p.capacity;
  for (var i = length; i < p.capacity; i++) {
    y[out + i] = 0u;
    y[out + p.capacity + i] = 0u;
    y[out + 2u * p.capacity + i] = 0u;
  }
  for (var i = length; i > 0u; i--) {
    // What the step before chose for the row that this token continues.
    var chosen = vec3u();
    if (i > 1u) {
      let step = (i - 2u) * 3u * p.rows + parent;
      chosen = vec3u(trace[step], trace[step + p.rows], trace[step + 2u * p.rows]);
    }
    y[out + i - 1u] = token;
    y[out + p.capacity + i - 1u] = parent;
    y[out + 2u * p.capacity + i - 1u] = bitcast<u32>(sum - bitcast<f32>(chosen.z));
    token = chosen.x;
    parent = chosen.y;
    sum = bitcast<f32>(chosen.z);
  }
}
