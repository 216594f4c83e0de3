// The logits processors, on the scores of the next token, in place. backends/cpu/logits-processors.ts says the same in plain
// loops and names each processor of Hugging Face; ops/logits-processors.ts describes the table.
//
//   scores (B, V)   table (W)   position (B)   history (C, fields, B)   ancestors (2, C, B)
//   source (B / G, S)   source_length (B / G)   maxima (3, B, parts)
//
// The table begins with fixed words, PROCESSOR_*. A number is there itself; a list takes two words, where in the table it
// begins and how many entries it has. For suppress_tokens [5, 9] and bad_words_ids [[3, 4]], for example:
//
//   table[PROCESSOR_SUPPRESS] = 40   table[PROCESSOR_SUPPRESS + 1] = 2    table[40 ..] = 5, 9
//   table[PROCESSOR_BAD_WORDS] = 30  table[PROCESSOR_BAD_WORDS + 1] = 1   table[30] = 31, the place of the first sequence
//                                          table[31 ..] = 2, bits of LEAST, 3, 4: how many ids, the bias, the ids
//
// So where a sequence ends with 3, token 4 gets LEAST.
//
// One workgroup per row. Almost every processor is about few tokens, so the threads share the entries of lists, the n-grams
// and the tokens of the sequence, never the vocabulary. Of a token that is twice in a list, the first entry does the work.

override WORKGROUP: u32 = 64;

struct Params {
  vocabulary: u32, // V
  rows: u32, // B
  capacity: u32, // C
  fields: u32, // of the history; the token is the first
  has_ancestors: u32, // 1: a row finds its tokens through ancestors
  group: u32, // G: rows that share a source
  source_capacity: u32, // S
  parts: u32, // of a row, whose maxima are known; 0 where none are
  part_columns: u32, // vec4s of a part
}

@group(0) @binding(0) var<storage, read> table: array<u32>;
@group(0) @binding(1) var<storage, read> position: array<u32>;
@group(0) @binding(2) var<storage, read> history: array<u32>;
@group(0) @binding(3) var<storage, read> ancestors: array<u32>;
@group(0) @binding(4) var<storage, read> source: array<u32>;
@group(0) @binding(5) var<storage, read> source_length: array<u32>;
@group(0) @binding(6) var<storage, read_write> scores: array<f32>;
@group(0) @binding(7) var<storage, read_write> maxima: array<u32>;
@group(0) @binding(8) var<uniform> p: Params;

// The beginning of the sequence, which several processors read again and again. No more: the more workgroup memory, the longer
// a software adapter takes to compile.
const CACHED = 128u;
var<workgroup> cached: array<u32, CACHED>;

// A bit for each part of the row, see maximum.wgsl: whether one of its scores was changed, so that its maximum is to be found again.
var<workgroup> changed: array<atomic<u32>, MAXIMA_WORDS>;

// Of this workgroup.
var<private> row: u32;
var<private> base: u32; // of its scores
var<private> given: u32; // of its source
var<private> local: u32;

fn plus(a: f32, b: f32) -> f32 {
  return select(a + b, LEAST, a <= BANNED || b <= BANNED);
}

// The token at place i of the sequence, which is one longer than the cache.
fn history_at(i: u32) -> u32 {
  if (i == 0u) {
    return table[PROCESSOR_START_TOKEN];
  }
  var holder = row;
  if (p.has_ancestors != 0u) {
    holder = ancestors[((position[row] & 1u) * p.capacity + i) * p.rows + row];
  }
  return history[(i - 1u) * p.fields * p.rows + holder];
}

// Token i of the sequence, or of the source.
fn token_at(i: u32, of_source: bool) -> u32 {
  if (of_source) {
    return source[given + i];
  }
  if (i < CACHED) {
    return cached[i];
  }
  return history_at(i);
}

// Every score that is changed is written here, or all of them by `force`.
fn set_score(token: u32, score: f32) {
  scores[base + token] = score;
  if (p.parts != 0u) {
    let part = token / (4u * p.part_columns);
    atomicOr(&changed[part / 32u], 1u << (part % 32u));
  }
}

fn ban(token: u32) {
  if (token < p.vocabulary) {
    set_score(token, LEAST);
  }
}

// How many entries a list has, and the i-th of them.
fn count_of(list: u32) -> u32 {
  return table[list + 1u];
}

fn entry_of(list: u32, i: u32) -> u32 {
  return table[table[list] + i];
}

fn ban_list(list: u32) {
  for (var i = local; i < count_of(list); i += WORKGROUP) {
    ban(entry_of(list, i));
  }
}

// Leaves nothing but the `count` tokens that begin at word `at` of the table.
fn force(at: u32, count: u32) {
  for (var token = local; token < p.vocabulary; token += WORKGROUP) {
    var score = LEAST;
    for (var i = 0u; i < count; i++) {
      if (table[at + i] == token) {
        score = 0.0;
      }
    }
    scores[base + token] = score;
  }
  for (var i = local; i < MAXIMA_WORDS; i += WORKGROUP) {
    atomicStore(&changed[i], 0xffffffffu);
  }
}

// Whether the sequence ends with what stands before the last token of the one at `place`.
fn completes(place: u32, length: u32) -> bool {
  let before = table[place] - 1u;
  var same = before <= length;
  for (var i = 0u; i < before && same; i++) {
    same = token_at(length - before + i, false) == table[place + 2u + i];
  }
  return same;
}

fn last_of(place: u32) -> u32 {
  return table[place + 1u + table[place]];
}

fn add_biases(list: u32, length: u32) {
  let count = count_of(list);
  for (var i = local; i < count; i += WORKGROUP) {
    let token = last_of(entry_of(list, i));
    var first = true;
    for (var j = 0u; j < i && first; j++) {
      first = last_of(entry_of(list, j)) != token;
    }
    if (!first) {
      continue;
    }
    var sum = 0.0;
    var found = false;
    for (var j = i; j < count; j++) {
      let place = entry_of(list, j);
      if (last_of(place) == token && completes(place, length)) {
        sum = plus(sum, bitcast<f32>(table[place + 1u]));
        found = true;
      }
    }
    if (found) {
      set_score(token, plus(scores[base + token], sum));
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
      set_score(token, select(score / factor, score * factor, score < 0.0));
    }
  }
}

// Bans what would complete an n-gram that is known already.
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

// End tokens gain: score + |score| (factor ** n - 1).
fn decay(length: u32) {
  let growth = bitcast<f32>(entry_of(PROCESSOR_DECAY, length - table[PROCESSOR_DECAY_START]));
  for (var i = local; i < count_of(PROCESSOR_EOS); i += WORKGROUP) {
    let token = entry_of(PROCESSOR_EOS, i);
    var first = true;
    for (var j = 0u; j < i; j++) {
      first = first && entry_of(PROCESSOR_EOS, j) != token;
    }
    let score = scores[base + token];
    if (first && score > BANNED) {
      set_score(token, score + abs(score) * growth);
    }
  }
}

// Of the parts that were changed.
fn find_maxima_again() {
  let columns = padded(p.vocabulary) / 4u;
  let plane = p.rows * p.parts;
  for (var part = local; part < p.parts; part += WORKGROUP) {
    if (((atomicLoad(&changed[part / 32u]) >> (part % 32u)) & 1u) == 0u) {
      continue;
    }
    var best = NOTHING;
    for (var c = part * p.part_columns; c < min(columns, (part + 1u) * p.part_columns); c++) {
      let at = base + 4u * c;
      let four = vec4f(scores[at], scores[at + 1u], scores[at + 2u], scores[at + 3u]);
      best = larger(best, of_four(four, present(c, p.vocabulary), c));
    }
    let to = row * p.parts + part;
    maxima[to] = bitcast<u32>(best.value);
    maxima[plane + to] = best.index;
    maxima[2u * plane + to] = bitcast<u32>(best.sum);
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  row = group.x;
  base = row * padded(p.vocabulary);
  given = row / p.group * p.source_capacity;
  local = index;
  let length = position[row] + 1u;
  let given_length = source_length[row / p.group];
  for (var i = local; i < min(length, CACHED); i += WORKGROUP) {
    cached[i] = history_at(i);
  }
  workgroupBarrier();

  add_biases(PROCESSOR_BIASES, length);
  storageBarrier();
  penalise(true, given_length, bitcast<f32>(table[PROCESSOR_ENCODER_REPETITION_PENALTY]));
  storageBarrier();
  penalise(false, length, bitcast<f32>(table[PROCESSOR_REPETITION_PENALTY]));
  storageBarrier();
  ban_continuations(false, length, length, table[PROCESSOR_NO_REPEAT_NGRAM_SIZE]);
  ban_continuations(true, given_length, length, table[PROCESSOR_ENCODER_NO_REPEAT_NGRAM_SIZE]);
  add_biases(PROCESSOR_BAD_WORDS, length);
  if (length < table[PROCESSOR_MIN_LENGTH]) {
    ban_list(PROCESSOR_EOS);
  }
  storageBarrier();
  if (length == 1u && table[PROCESSOR_FORCED_BOS] != NEVER) {
    force(PROCESSOR_FORCED_BOS, 1u);
  }
  storageBarrier();
  if (length == table[PROCESSOR_LAST_LENGTH] && count_of(PROCESSOR_FORCED_EOS) != 0u) {
    force(table[PROCESSOR_FORCED_EOS], count_of(PROCESSOR_FORCED_EOS));
  }
  storageBarrier();
  if (length > table[PROCESSOR_DECAY_START]) {
    decay(length);
  }
  storageBarrier();
  ban_list(PROCESSOR_SUPPRESS);
  if (length == table[PROCESSOR_BEGIN]) {
    ban_list(PROCESSOR_BEGIN_SUPPRESS);
  }
  storageBarrier();
  // Each entry is two words: a length and a token.
  for (var i = 0u; i < count_of(PROCESSOR_FORCED_AT); i++) {
    if (entry_of(PROCESSOR_FORCED_AT, 2u * i) == length) {
      force(table[PROCESSOR_FORCED_AT] + 2u * i + 1u, 1u);
    }
  }
  if (p.parts != 0u) {
    storageBarrier();
    workgroupBarrier();
    find_maxima_again();
  }
}
