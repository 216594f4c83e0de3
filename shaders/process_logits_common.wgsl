// The row of a workgroup of process_logits.wgsl, put in front of it: the tokens that a processor reads, the lists of the table, and the
// scores that it changes.
//
//   scores (B, V)   table (W)   position (B)   history (C, fields, B)   ancestors (2, C, B)
//   source (B / G, S)   source_length (B / G)   maxima (3, B, parts)
//
// ops/logits-processors.ts describes the table. It begins with fixed words, PROCESSOR_*. A number is there itself; a list takes two
// words, where in the table it begins and how many entries it has. For suppress_tokens [5, 9] and bad_words_ids [[3, 4]], for example:
//
//   table[PROCESSOR_SUPPRESS] = 40   table[PROCESSOR_SUPPRESS + 1] = 2    table[40 ..] = 5, 9
//   table[PROCESSOR_BAD_WORDS] = 30  table[PROCESSOR_BAD_WORDS + 1] = 1   table[30] = 31, the place of the first sequence
//                                          table[31 ..] = 2, bits of LEAST, 3, 4: how many ids, the bias, the ids
//
// So where a sequence ends with 3, token 4 gets LEAST.

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

// Set at the beginning of main.
var<private> row: u32; // of this workgroup
var<private> base: u32; // where its scores begin
var<private> given: u32; // where its source begins
var<private> local: u32; // number of this thread

// The token at place i of the sequence, which begins with a token that is not in the history.
fn history_at(i: u32) -> u32 {
  if (i == 0u) {
    return table[PROCESSOR_START_TOKEN];
  }
  return history_token(row, i);
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

// The maxima of the parts that were changed.
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
