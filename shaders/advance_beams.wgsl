// One step of beam search after its candidates are found; backends/cpu/beam.ts says it in plain loops, and where each rule
// stands in Hugging Face transformers.
//
//   candidates (B, N, 2): bits of the score, beam * V + token, best first   settings, state: see src/ops/beam-state.ts
//
// One workgroup an item. Sorting is counting: the rank of an entry is how many come before it, so all of them are found at
// once, between two barriers.

override WORKGROUP: u32 = 64;

const MAX_CANDIDATES = 256u;
const MAX_BEAMS = 64u;
const SLOT_FIELDS = 6u; // running, score, length, parent, token, sum
const SETTINGS = 4u; // max length, prompt length, stop when full, hoped length
const LEAST = -3.0e38;
const BANNED = -1.0e38;
const UNLIKELY = -1.0e9;

struct Params {
  beams: u32, // K
  candidates: u32, // N
  vocabulary: u32, // V
  rows: u32, // R
  capacity: u32, // C
  end_tokens: u32, // E
}

@group(0) @binding(0) var<storage, read> candidates: array<u32>;
@group(0) @binding(1) var<storage, read> settings: array<u32>;
@group(0) @binding(2) var<storage, read_write> token: array<u32>;
@group(0) @binding(3) var<storage, read_write> position: array<u32>;
@group(0) @binding(4) var<storage, read_write> ancestors: array<u32>;
@group(0) @binding(5) var<storage, read_write> trace: array<u32>;
@group(0) @binding(6) var<storage, read_write> slots: array<u32>;
@group(0) @binding(7) var<storage, read_write> done: array<u32>;
@group(0) @binding(8) var<uniform> p: Params;

// No more than the ranks need: a software adapter takes longer to compile a kernel the more workgroup memory it has.
// Scores of the candidates, those that end put last.
var<workgroup> going_on: array<f32, MAX_CANDIDATES>;
// Scores of hypotheses: the K in the slots, then the candidates, those that don't end put last.
var<workgroup> scores: array<f32, MAX_BEAMS + MAX_CANDIDATES>;
// The winners, by rank.
var<workgroup> running: array<u32, MAX_BEAMS>;
var<workgroup> best: array<u32, MAX_BEAMS>;

fn plus(a: f32, b: f32) -> f32 {
  return select(a + b, LEAST, a <= BANNED || b <= BANNED);
}

fn over(a: f32, b: f32) -> f32 {
  return select(a / b, LEAST, a <= BANNED);
}

/// length ** length_penalty
fn penalty(length: u32) -> f32 {
  return bitcast<f32>(settings[SETTINGS + p.end_tokens + length]);
}

/// beam * V + token of candidate i
fn code(item: u32, i: u32) -> u32 {
  return candidates[2u * (item * p.candidates + i) + 1u];
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
  let item = group.x;
  let first = item * p.beams;
  let at = position[first];
  // An item that is done goes through the motions, because barriers must be met, and writes nothing but its position.
  let idle = done[item] != 0u || at >= p.capacity;
  let length = min(at + 2u - settings[1], p.capacity);
  let last = at + 2u >= settings[0];

  // 1. the candidates, and which of them end; only the first K may
  for (var i = local; i < p.candidates; i += WORKGROUP) {
    let sum = bitcast<f32>(candidates[2u * (item * p.candidates + i)]);
    let ended = ends(code(item, i) % p.vocabulary, last);
    going_on[i] = plus(sum, select(0.0, UNLIKELY, ended));
    scores[p.beams + i] = plus(over(sum, penalty(length)), select(UNLIKELY, 0.0, ended && i < p.beams));
  }
  for (var i = local; i < p.beams; i += WORKGROUP) {
    scores[i] = bitcast<f32>(slots[(first + i) * SLOT_FIELDS + 1u]);
  }
  workgroupBarrier();

  // 2. the K best of those that go on, and of those that have ended
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
      rank += u32(scores[j] > scores[i] || (scores[j] == scores[i] && j < i));
    }
    if (rank < p.beams) {
      best[rank] = i;
    }
  }
  workgroupBarrier();

  // 3. where the keys and values of each beam lie: as its parent's, and its next in its own row
  let now = (at & 1u) * p.capacity * p.rows;
  let then = ((at + 1u) & 1u) * p.capacity * p.rows;
  let count = select((at + 1u) * p.beams, 0u, idle);
  for (var i = local; i < count; i += WORKGROUP) {
    let k = i % p.beams;
    let line = i / p.beams * p.rows + first;
    ancestors[then + line + k] = ancestors[now + line + code(item, running[k]) / p.vocabulary];
  }

  // 4. the K beams
  for (var k = local; k < p.beams; k += WORKGROUP) {
    let row = first + k;
    position[row] = at + 1u;
    if (idle) {
      continue;
    }
    let winner = code(item, running[k]);
    let score = bitcast<u32>(going_on[running[k]]);
    if (at + 1u < p.capacity) {
      ancestors[then + (at + 1u) * p.rows + row] = row;
    }
    token[row] = winner % p.vocabulary;
    trace[3u * at * p.rows + row] = winner % p.vocabulary;
    trace[(3u * at + 1u) * p.rows + row] = first + winner / p.vocabulary;
    trace[(3u * at + 2u) * p.rows + row] = score;
    slots[row * SLOT_FIELDS] = score;
  }

  // 5. the K slots, from the last on: what stays moves down, so nothing is overwritten before it has moved. And whether
  // something better can come
  if (local == 0u && !idle) {
    let hoped = select(length, settings[3], settings[3] != 0u);
    let possible = over(going_on[running[0]], penalty(hoped));
    let lowest = scores[best[p.beams - 1u]];
    var full = true;
    var improvable = false;
    for (var k = p.beams; k > 0u; k--) {
      let slot = (first + k - 1u) * SLOT_FIELDS;
      let entry = best[k - 1u];
      slots[slot + 1u] = bitcast<u32>(scores[entry]);
      if (entry < p.beams) {
        for (var field = 2u; field < SLOT_FIELDS; field++) {
          slots[slot + field] = slots[(first + entry) * SLOT_FIELDS + field];
        }
      } else {
        let i = entry - p.beams;
        let chosen = code(item, i);
        let ended = i < p.beams && ends(chosen % p.vocabulary, last);
        slots[slot + 2u] = select(0u, length, ended);
        slots[slot + 3u] = first + chosen / p.vocabulary;
        slots[slot + 4u] = chosen % p.vocabulary;
        slots[slot + 5u] = candidates[2u * (item * p.candidates + i)];
      }
      let finished = slots[slot + 2u] != 0u;
      full = full && finished;
      improvable = improvable || possible > select(UNLIKELY, lowest, finished);
    }
    if (!improvable || last || (full && settings[2] != 0u)) {
      done[item] = 1u;
    }
  }
}
