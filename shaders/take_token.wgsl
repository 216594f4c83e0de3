// What follows from the token that a row has chosen, put in front of the kernels that choose one: it is noted, the position
// moves on, and the row is finished once a token ends it. A row that has finished goes on with the pad token and
// log-probability 0.
//
//   token, position, finished (B)   history, logprobs (C, B)   eos (E)

@group(0) @binding(1) var<storage, read> eos: array<u32>;
@group(0) @binding(2) var<storage, read_write> token: array<u32>;
@group(0) @binding(3) var<storage, read_write> position: array<u32>;
@group(0) @binding(4) var<storage, read_write> finished: array<u32>;
@group(0) @binding(5) var<storage, read_write> history: array<u32>;
@group(0) @binding(6) var<storage, read_write> logprobs: array<f32>;

// Called by one thread for each row b.
fn take_token(b: u32, best: u32, logprob: f32, p: Params) {
  let ended = finished[b] != 0u;
  let chosen = select(best, p.pad, ended);
  let at = position[b];
  token[b] = chosen;
  history[at * p.rows + b] = chosen;
  logprobs[at * padded(p.rows) + b] = select(logprob, 0.0, ended);
  position[b] = at + 1u;
  for (var i = 0u; i < p.eos_count; i++) {
    if (eos[i] == chosen) {
      finished[b] = 1u;
    }
  }
}
