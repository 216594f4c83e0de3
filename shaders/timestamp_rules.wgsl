// The rules of Whisper's timestamps, on the scores of the next token, in place: src/util/timestamps.ts says what they are. A stamp
// is a token from table[TIMESTAMP_FIRST] on.
//
//   scores (B, V)   table (TIMESTAMP_WORDS)   position (B)   history (C, fields, B)   ancestors (2, C, B)
//
// One workgroup per row, in three steps: the stamps so far, what they ban, and whether all stamps together are more probable
// than any other token.

override WORKGROUP: u32 = 64;

struct Params {
  vocabulary: u32, // V
  rows: u32, // B
  capacity: u32, // C
  fields: u32, // of the history; the token is the first
  has_ancestors: u32, // 1: a row finds its tokens through ancestors
}

@group(0) @binding(0) var<storage, read> table: array<u32>;
@group(0) @binding(1) var<storage, read> position: array<u32>;
@group(0) @binding(2) var<storage, read> history: array<u32>;
@group(0) @binding(3) var<storage, read> ancestors: array<u32>;
@group(0) @binding(4) var<storage, read_write> scores: array<f32>;
@group(0) @binding(5) var<uniform> p: Params;

var<workgroup> latest: atomic<u32>; // 1 + the place of the last stamp; 0 without one
var<workgroup> text: array<f32, WORKGROUP>;
var<workgroup> stamps: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = group.x;
  let base = row * padded(p.vocabulary);
  let begin = table[TIMESTAMP_BEGIN];
  let first = table[TIMESTAMP_FIRST];
  let length = position[row] + 1u;
  let count = length - begin; // tokens after the prompt

  // 1. the last stamp
  if (local == 0u) {
    atomicStore(&latest, 0u);
  }
  workgroupBarrier();
  for (var i = begin + local; i < length; i += WORKGROUP) {
    if (history_token(row, i) >= first) {
      atomicMax(&latest, i + 1u);
    }
  }
  workgroupBarrier();
  let place = atomicLoad(&latest);
  let last_is_stamp = count > 0u && place == length;
  var pair_is_closed = true;
  if (count >= 2u) {
    pair_is_closed = history_token(row, length - 2u) >= first;
  }

  // 2. what they ban; the largest scores of what is left, of text and of stamps
  var lowest = first; // stamps never fall
  if (place > 0u) {
    lowest = history_token(row, place - 1u) + select(1u, 0u, last_is_stamp && !pair_is_closed);
  }
  let end = table[TIMESTAMP_END_TOKEN];
  var best_text = LEAST;
  var best_stamp = LEAST;
  for (var token = local; token < p.vocabulary; token += WORKGROUP) {
    let stamp = token >= first;
    var banned = token == table[TIMESTAMP_NO_TIMESTAMPS];
    banned = banned || (last_is_stamp && select(!pair_is_closed && token < end, pair_is_closed, stamp));
    banned = banned || (stamp && token < lowest);
    banned = banned || (count == 0u && (!stamp || token > table[TIMESTAMP_LAST_INITIAL]));
    if (banned) {
      scores[base + token] = LEAST;
    } else if (stamp) {
      best_stamp = max(best_stamp, scores[base + token]);
    } else {
      best_text = max(best_text, scores[base + token]);
    }
  }
  text[local] = best_text;
  stamps[local] = best_stamp;
  workgroupBarrier();
  for (var i = 0u; i < WORKGROUP; i++) {
    best_text = max(best_text, text[i]);
    best_stamp = max(best_stamp, stamps[i]);
  }
  workgroupBarrier();
  storageBarrier(); // what a thread banned, another reads

  // 3. the logarithm of the sum of the stamps' probabilities, against the most probable other token
  var sum = 0.0;
  for (var token = first + local; token < p.vocabulary; token += WORKGROUP) {
    let score = scores[base + token];
    sum += select(exp(max(score - best_stamp, -87.0)), 0.0, score <= BANNED);
  }
  stamps[local] = sum;
  workgroupBarrier();
  sum = 0.0;
  for (var i = 0u; i < WORKGROUP; i++) {
    sum += stamps[i];
  }
  if (best_stamp <= BANNED || best_stamp + log(sum) <= best_text) {
    return;
  }
  for (var token = local; token < first; token += WORKGROUP) {
    scores[base + token] = LEAST;
  }
}
