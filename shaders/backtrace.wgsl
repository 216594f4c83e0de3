// The finished hypotheses of a beam search, each walked back along its parents, so that JavaScript reads sequences and not
// the steps of all beams; backends/cpu/beams.ts says it in plain loops.
//
//   trace (C, TRACE_FIELDS, B)   hypotheses (B, HYPOTHESIS_FIELDS)   settings (SETTINGS + E + C + 1)
//   y (B, TRACE_FIELDS, C): by its place after the prompt the token, its parent row, the bits of its log-probability; 0 past the end
//
// One thread per hypothesis. Neighbours read along the same steps, and write rows of their own.

struct Params {
  rows: u32, // B
  capacity: u32, // C
}

@group(0) @binding(0) var<storage, read> trace: array<u32>;
@group(0) @binding(1) var<storage, read> hypotheses: array<u32>;
@group(0) @binding(2) var<storage, read> settings: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  if (row >= p.rows) {
    return;
  }
  let hypothesis = row * HYPOTHESIS_FIELDS;
  let prompt = settings[SETTING_PROMPT_LENGTH];
  let length = min(hypotheses[hypothesis + HYPOTHESIS_LENGTH], p.capacity);
  var parent = hypotheses[hypothesis + HYPOTHESIS_PARENT];
  var token = hypotheses[hypothesis + HYPOTHESIS_TOKEN];
  var sum = bitcast<f32>(hypotheses[hypothesis + HYPOTHESIS_SUM]);
  let out = row * TRACE_FIELDS * p.capacity;
  let tokens = out + TRACE_TOKEN * p.capacity;
  let parents = out + TRACE_PARENT * p.capacity;
  let logprobs = out + TRACE_SCORE * p.capacity;
  for (var i = length; i < p.capacity; i++) {
    y[tokens + i] = 0u;
    y[parents + i] = 0u;
    y[logprobs + i] = 0u;
  }
  // From the last token to the first; the first was chosen by the step that read the end of the prompt.
  for (var i = length; i > 0u; i--) {
    var token_before = 0u;
    var parent_before = 0u;
    var sum_before = 0.0;
    if (i > 1u) {
      // What the step before chose for the row that this token continues.
      let step = (prompt - 1u + i - 2u) * TRACE_FIELDS * p.rows + parent;
      token_before = trace[step + TRACE_TOKEN * p.rows];
      parent_before = trace[step + TRACE_PARENT * p.rows];
      sum_before = bitcast<f32>(trace[step + TRACE_SCORE * p.rows]);
    }
    y[tokens + i - 1u] = token;
    y[parents + i - 1u] = parent;
    y[logprobs + i - 1u] = bitcast<u32>(sum - sum_before);
    token = token_before;
    parent = parent_before;
    sum = sum_before;
  }
}
