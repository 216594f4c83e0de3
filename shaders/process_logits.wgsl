// Rules on the scores of the next token, in place: what Hugging Face calls logits processors. backends/cpu/logits-processors.ts names
// each and says it in plain loops; src/ops/logits-processors.ts lays out their table.
//
//   scores (R, V)   rules (L)   position (R)   history (C, fields, R)   ancestors (2, C, R)   source (B, S)   lengths (B)
//
// One workgroup a row. Almost every rule is about few tokens, so threads share out the entries of lists, n-grams and tokens
// of the sequence, never the vocabulary. A token that stands in a list twice is taken care of by the first.

override WORKGROUP: u32 = 64;

struct Params {
  vocabulary: u32, // V
  rows: u32, // R
  capacity: u32, // C
  fields: u32, // of the history; the token is the first
  beams: u32, // 1: rows find their tokens through ancestors
  together: u32, // rows that share a source
  source_capacity: u32, // S
}

@group(0) @binding(0) var<storage, read> rules: array<u32>;
@group(0) @binding(1) var<storage, read> position: array<u32>;
@group(0) @binding(2) var<storage, read> history: array<u32>;
@group(0) @binding(3) var<storage, read> ancestors: array<u32>;
@group(0) @binding(4) var<storage, read> source: array<u32>;
@group(0) @binding(5) var<storage, read> lengths: array<u32>;
@group(0) @binding(6) var<storage, read_write> scores: array<f32>;
@group(0) @binding(7) var<uniform> p: Params;

const LEAST = -3.0e38;
const BANNED = -1.0e38;
const NEVER = 0xffffffffu;
// PROCESSOR of src/ops/logits-processors.ts
const START_TOKEN = 0u;
const REPETITION = 1u;
const ENCODER_REPETITION = 2u;
const NGRAM = 3u;
const ENCODER_NGRAM = 4u;
const MIN_LENGTH = 5u;
const FORCED_BOS = 6u;
const LAST_LENGTH = 7u;
const BEGIN = 8u;
const DECAY_START = 9u;
const BIASES = 10u;
const BAD_WORDS = 12u;
const EOS = 14u;
const FORCED_EOS = 16u;
const SUPPRESS = 18u;
const BEGIN_SUPPRESS = 20u;
const FORCED_AT = 22u;
const DECAY = 24u;

// The beginning of the sequence, which several rules read again and again. Not more: the more workgroup memory, the longer
// a software adapter takes to compile.
const CACHED = 128u;
var<workgroup> cached: array<u32, CACHED>;

// Of this workgroup.
var<private> row: u32;
var<private> base: u32; // of its scores
var<private> given: u32; // of its source
var<private> local: u32;

fn plus(a: f32, b: f32) -> f32 {
  return select(a + b, LEAST, a <= BANNED || b <= BANNED);
}

/// The token at place i of the sequence, which is one longer than the cache.
fn history_at(i: u32) -> u32 {
  if (i == 0u) {
    return rules[START_TOKEN];
  }
  var holder = row;
  if (p.beams != 0u) {
    holder = ancestors[((position[row] & 1u) * p.capacity + i) * p.rows + row];
  }
  return history[(i - 1u) * p.fields * p.rows + holder];
}

/// Token i of the sequence, or of the source.
fn token_at(i: u32, of_source: bool) -> u32 {
  if (of_source) {
    return source[given + i];
  }
  if (i < CACHED) {
    return cached[i];
  }
  return history_at(i);
}

fn ban(token: u32) {
  if (token < p.vocabulary) {
    scores[base + token] = LEAST;
  }
}

fn ban_list(list: u32) {
  for (var i = local; i < rules[list + 1u]; i += WORKGROUP) {
    ban(rules[rules[list] + i]);
  }
}

/// Leaves nothing but the `count` tokens at `at`.
fn force(at: u32, count: u32) {
  for (var token = local; token < p.vocabulary; token += WORKGROUP) {
    var score = LEAST;
    for (var i = 0u; i < count; i++) {
      if (rules[at + i] == token) {
        score = 0.0;
      }
    }
    scores[base + token] = score;
  }
}

/// Whether the sequence ends with what stands before the last token of the one at `place`.
fn completes(place: u32, length: u32) -> bool {
  let before = rules[place] - 1u;
  var same = before <= length;
  for (var i = 0u; i < before && same; i++) {
    same = token_at(length - before + i, false) == rules[place + 2u + i];
  }
  return same;
}

fn last_of(place: u32) -> u32 {
  return rules[place + 1u + rules[place]];
}

fn add_biases(list: u32, length: u32) {
  let places = rules[list];
  let count = rules[list + 1u];
  for (var i = local; i < count; i += WORKGROUP) {
    let token = last_of(rules[places + i]);
    var first = true;
    for (var j = 0u; j < i && first; j++) {
      first = last_of(rules[places + j]) != token;
    }
    if (!first) {
      continue;
    }
    var sum = 0.0;
    var found = false;
    for (var j = i; j < count; j++) {
      let place = rules[places + j];
      if (last_of(place) == token && completes(place, length)) {
        sum = plus(sum, bitcast<f32>(rules[place + 1u]));
        found = true;
      }
    }
    if (found) {
      scores[base + token] = plus(scores[base + token], sum);
    }
  }
}

fn penalise(of_source: bool, count: u32, factor: f32) {
  if (factor == 1.0) {
    return;
  }
  for (var i = local; i < count; i += WORKGROUP) {
    let token = token_at(i, of_source);
    var first = token < p.vocabulary;
    for (var j = 0u; j < i && first; j++) {
      first = token_at(j, of_source) != token;
    }
    if (!first) {
      continue;
    }
    let score = scores[base + token];
    if (score > BANNED) {
      scores[base + token] = select(score / factor, score * factor, score < 0.0);
    }
  }
}

/// Bans what would complete an n-gram that is known already.
fn ban_continuations(of_source: bool, known: u32, length: u32, n: u32) {
  if (n == 0u || length + 1u < n || known < n) {
    return;
  }
  let begun = length + 1u - n;
  for (var i = local; i <= known - n; i += WORKGROUP) {
    var same = true;
    for (var j = 0u; j + 1u < n && same; j++) {
      same = token_at(begun + j, false) == token_at(i + j, of_source);
    }
    if (same) {
      ban(token_at(i + n - 1u, of_source));
    }
  }
}

/// End tokens gain: score + |score| (factor ** n - 1).
fn decay(length: u32) {
  let growth = bitcast<f32>(rules[rules[DECAY] + length - rules[DECAY_START]]);
  for (var i = local; i < rules[EOS + 1u]; i += WORKGROUP) {
    let token = rules[rules[EOS] + i];
    var first = true;
    for (var j = 0u; j < i; j++) {
      first = first && rules[rules[EOS] + j] != token;
    }
    let score = scores[base + token];
    if (first && score > BANNED) {
      scores[base + token] = score + abs(score) * growth;
    }
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  row = group.x;
  base = row * padded(p.vocabulary);
  given = row / p.together * p.source_capacity;
  local = index;
  let length = position[row] + 1u;
  let source_length = lengths[row / p.together];
  for (var i = local; i < min(length, CACHED); i += WORKGROUP) {
    cached[i] = history_at(i);
  }
  workgroupBarrier();

  add_biases(BIASES, length);
  storageBarrier();
  penalise(true, source_length, bitcast<f32>(rules[ENCODER_REPETITION]));
  storageBarrier();
  penalise(false, length, bitcast<f32>(rules[REPETITION]));
  storageBarrier();
  ban_continuations(false, length, length, rules[NGRAM]);
  ban_continuations(true, source_length, length, rules[ENCODER_NGRAM]);
  add_biases(BAD_WORDS, length);
  if (length < rules[MIN_LENGTH]) {
    ban_list(EOS);
  }
  storageBarrier();
  if (length == 1u && rules[FORCED_BOS] != NEVER) {
    force(FORCED_BOS, 1u);
  }
  storageBarrier();
  if (length == rules[LAST_LENGTH] && rules[FORCED_EOS + 1u] != 0u) {
    force(rules[FORCED_EOS], rules[FORCED_EOS + 1u]);
  }
  storageBarrier();
  if (length > rules[DECAY_START]) {
    decay(length);
  }
  storageBarrier();
  ban_list(SUPPRESS);
  if (length == rules[BEGIN]) {
    ban_list(BEGIN_SUPPRESS);
  }
  storageBarrier();
  for (var i = 0u; i < rules[FORCED_AT + 1u]; i++) {
    if (rules[rules[FORCED_AT] + 2u * i] == length) {
      force(rules[FORCED_AT] + 2u * i + 1u, 1u);
    }
  }
}
