// One step of beam search once its candidates are known. backends/cpu/beams.ts says the same in plain loops, and which
// function of Hugging Face transformers each rule comes from; ops/beam-state.ts describes the state.
//
//   candidates (B / G, J, 2), best first: bits of the score, beam * V + token
//   settings (SETTINGS + E + C + 1)   token, position (B)   ancestors (2, C, B)   trace (C, TRACE_FIELDS, B)
//   hypotheses (B, HYPOTHESIS_FIELDS)   done (B / G)
//
// An example with G = 2 beams, V = 10, end token 7, length_penalty 1. The beams, of three tokens each, are rows 0 and 1, and
// row 0 holds a finished hypothesis of score -1.5. The J = 4 candidates of the sentence are
//
//   i   score   beam * V + token           ends?   goes on with   as a finished hypothesis
//   0   -2.0    07 = beam 0, token 7       yes     -1e9           -2.0 / 4 tokens = -0.5
//   1   -2.4    13 = beam 1, token 3       no      -2.4           -1e9
//   2   -2.8    04 = beam 0, token 4       no      -2.8           -1e9
//   3   -3.0    17 = beam 1, token 7       yes     -1e9           -1e9: only the first G candidates may end
//
// Candidates 1 and 2 go on: row 0 becomes beam 1 with token 3, row 1 becomes beam 0 with token 4, and each takes over the
// ancestors of its parent. The best finished hypotheses are candidate 0 (-0.5), then the old one (-1.5).
//
// One workgroup per sentence. Sorting is counting: the rank of an entry is the number of entries before it, so all ranks
// are found at once, between two barriers.

override WORKGROUP: u32 = 64;

struct Params {
  beams: u32, // G
  candidates: u32, // J
  vocabulary: u32, // V
  rows: u32, // B
  capacity: u32, // C
  end_tokens: u32, // E
}

@group(0) @binding(0) var<storage, read> candidates: array<u32>;
@group(0) @binding(1) var<storage, read> settings: array<u32>;
@group(0) @binding(2) var<storage, read_write> token: array<u32>;
@group(0) @binding(3) var<storage, read_write> position: array<u32>;
@group(0) @binding(4) var<storage, read_write> ancestors: array<u32>;
@group(0) @binding(5) var<storage, read_write> trace: array<u32>;
@group(0) @binding(6) var<storage, read_write> hypotheses: array<u32>;
@group(0) @binding(7) var<storage, read_write> done: array<u32>;
@group(0) @binding(8) var<uniform> p: Params;

// No more than the ranks need: the more workgroup memory a kernel has, the longer a software adapter takes to compile it.
// Scores of the candidates; those that end come last.
var<workgroup> going_on: array<f32, MAX_CANDIDATES>;
// Scores of finished hypotheses: the G of the state, then the candidates; those that do not end come last.
var<workgroup> finished: array<f32, MAX_BEAMS + MAX_CANDIDATES>;
// The indices of the G best of each, by rank.
var<workgroup> running: array<u32, MAX_BEAMS>;
var<workgroup> best: array<u32, MAX_BEAMS>;

fn plus(a: f32, b: f32) -> f32 {
  return select(a + b, LEAST, a <= BANNED || b <= BANNED);
}

fn over(a: f32, b: f32) -> f32 {
  return select(a / b, LEAST, a <= BANNED);
}

// length ** length_penalty
fn penalty(length: u32) -> f32 {
  return bitcast<f32>(settings[SETTINGS + p.end_tokens + length]);
}

// The two words of candidate i.
fn score_bits(sentence: u32, i: u32) -> u32 {
  return candidates[2u * (sentence * p.candidates + i)];
}

fn beam_and_token(sentence: u32, i: u32) -> u32 {
  return candidates[2u * (sentence * p.candidates + i) + 1u];
}

fn ends(token: u32, last: bool) -> bool {
  var found = last;
  for (var i = 0u; i < p.end_tokens; i++) {
    found = found || settings[SETTINGS + i] == token;
  }
  return found;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let sentence = group.x;
  let first = sentence * p.beams;
  let at = position[first];
  // A sentence that is done computes all the same, because barriers must be met, but writes nothing except its position.
  let idle = done[sentence] != 0u || at >= p.capacity;
  let length = min(at + 2u - settings[SETTING_PROMPT_LENGTH], p.capacity);
  let last = at + 2u >= settings[SETTING_MAX_LENGTH];

  // 1. the candidates, and which of them end; only the first G may
  for (var i = local; i < p.candidates; i += WORKGROUP) {
    let sum = bitcast<f32>(score_bits(sentence, i));
    let ended = ends(beam_and_token(sentence, i) % p.vocabulary, last);
    going_on[i] = plus(sum, select(0.0, UNLIKELY, ended));
    finished[p.beams + i] = plus(over(sum, penalty(length)), select(UNLIKELY, 0.0, ended && i < p.beams));
  }
  for (var k = local; k < p.beams; k += WORKGROUP) {
    finished[k] = bitcast<f32>(hypotheses[(first + k) * HYPOTHESIS_FIELDS + HYPOTHESIS_SCORE]);
  }
  workgroupBarrier();

  // 2. the G best of those that go on, and of those that have ended
  for (var i = local; i < p.candidates; i += WORKGROUP) {
    var rank = 0u;
    for (var j = 0u; j < p.candidates; j++) {
      rank += u32(going_on[j] > going_on[i] || (going_on[j] == going_on[i] && j < i));
    }
    if (rank < p.beams) {
      running[rank] = i;
    }
  }
  for (var i = local; i < p.beams + p.candidates; i += WORKGROUP) {
    var rank = 0u;
    for (var j = 0u; j < p.beams + p.candidates; j++) {
      rank += u32(finished[j] > finished[i] || (finished[j] == finished[i] && j < i));
    }
    if (rank < p.beams) {
      best[rank] = i;
    }
  }
  workgroupBarrier();

  // 3. where the keys and values of each beam lie: those of its past where its parent has them, the next in its own row
  let now = (at & 1u) * p.capacity * p.rows;
  let then = ((at + 1u) & 1u) * p.capacity * p.rows;
  let count = select((at + 1u) * p.beams, 0u, idle);
  for (var i = local; i < count; i += WORKGROUP) {
    let k = i % p.beams;
    let line = i / p.beams * p.rows + first;
    ancestors[then + line + k] = ancestors[now + line + beam_and_token(sentence, running[k]) / p.vocabulary];
  }

  // 4. the G beams
  for (var k = local; k < p.beams; k += WORKGROUP) {
    let row = first + k;
    position[row] = at + 1u;
    if (idle) {
      continue;
    }
    let winner = beam_and_token(sentence, running[k]);
    let score = bitcast<u32>(going_on[running[k]]);
    if (at + 1u < p.capacity) {
      ancestors[then + (at + 1u) * p.rows + row] = row;
    }
    token[row] = winner % p.vocabulary;
    let step = TRACE_FIELDS * at * p.rows + row;
    trace[step + TRACE_TOKEN * p.rows] = winner % p.vocabulary;
    trace[step + TRACE_PARENT * p.rows] = first + winner / p.vocabulary;
    trace[step + TRACE_SCORE * p.rows] = score;
    hypotheses[row * HYPOTHESIS_FIELDS + HYPOTHESIS_RUNNING] = score;
  }

  // 5. the G hypotheses, from the last on: what stays moves down, so nothing is overwritten before it has moved. And whether
  // something better can come.
  if (local == 0u && !idle) {
    let hoped_length = settings[SETTING_HOPED_LENGTH];
    let possible = over(going_on[running[0]], penalty(select(length, hoped_length, hoped_length != 0u)));
    let lowest = finished[best[p.beams - 1u]];
    var full = true;
    var improvable = false;
    for (var k = p.beams; k > 0u; k--) {
      let hypothesis = (first + k - 1u) * HYPOTHESIS_FIELDS;
      let entry = best[k - 1u];
      hypotheses[hypothesis + HYPOTHESIS_SCORE] = bitcast<u32>(finished[entry]);
      if (entry < p.beams) {
        let old = (first + entry) * HYPOTHESIS_FIELDS;
        hypotheses[hypothesis + HYPOTHESIS_LENGTH] = hypotheses[old + HYPOTHESIS_LENGTH];
        hypotheses[hypothesis + HYPOTHESIS_PARENT] = hypotheses[old + HYPOTHESIS_PARENT];
        hypotheses[hypothesis + HYPOTHESIS_TOKEN] = hypotheses[old + HYPOTHESIS_TOKEN];
        hypotheses[hypothesis + HYPOTHESIS_SUM] = hypotheses[old + HYPOTHESIS_SUM];
      } else {
        let i = entry - p.beams;
        let chosen = beam_and_token(sentence, i);
        let ended = i < p.beams && ends(chosen % p.vocabulary, last);
        hypotheses[hypothesis + HYPOTHESIS_LENGTH] = select(0u, length, ended);
        hypotheses[hypothesis + HYPOTHESIS_PARENT] = first + chosen / p.vocabulary;
        hypotheses[hypothesis + HYPOTHESIS_TOKEN] = chosen % p.vocabulary;
        hypotheses[hypothesis + HYPOTHESIS_SUM] = score_bits(sentence, i);
      }
      let present = hypotheses[hypothesis + HYPOTHESIS_LENGTH] != 0u;
      full = full && present;
      improvable = improvable || possible > select(UNLIKELY, lowest, present);
    }
    if (!improvable || last || (full && settings[SETTING_STOP_WHEN_FULL] != 0u)) {
      done[sentence] = 1u;
    }
  }
}
