// The logits processors, on the scores of the next token, in place. backends/cpu/logits-processors.ts says the same in plain
// loops and names each processor of Hugging Face. Shapes and table: process_logits_common.wgsl.
//
// One workgroup per row. Almost every processor is about few tokens, so the threads share the entries of lists, the n-grams
// and the tokens of the sequence, never the vocabulary. Of a token that is twice in a list, the first entry does the work.

fn plus(a: f32, b: f32) -> f32 {
  return select(a + b, LEAST, a <= BANNED || b <= BANNED);
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

  // SequenceBiasLogitsProcessor
  add_biases(PROCESSOR_BIASES, length);
  storageBarrier();
  // EncoderRepetitionPenaltyLogitsProcessor, RepetitionPenaltyLogitsProcessor
  penalise(true, given_length, bitcast<f32>(table[PROCESSOR_ENCODER_REPETITION_PENALTY]));
  storageBarrier();
  penalise(false, length, bitcast<f32>(table[PROCESSOR_REPETITION_PENALTY]));
  storageBarrier();
  // NoRepeatNGramLogitsProcessor, EncoderNoRepeatNGramLogitsProcessor
  ban_continuations(false, length, length, table[PROCESSOR_NO_REPEAT_NGRAM_SIZE]);
  ban_continuations(true, given_length, length, table[PROCESSOR_ENCODER_NO_REPEAT_NGRAM_SIZE]);
  // NoBadWordsLogitsProcessor
  add_biases(PROCESSOR_BAD_WORDS, length);
  // MinLengthLogitsProcessor, MinNewTokensLengthLogitsProcessor
  if (length < table[PROCESSOR_MIN_LENGTH]) {
    ban_list(PROCESSOR_EOS);
  }
  storageBarrier();
  // ForcedBOSTokenLogitsProcessor, ForcedEOSTokenLogitsProcessor
  if (length == 1u && table[PROCESSOR_FORCED_BOS] != NEVER) {
    force(PROCESSOR_FORCED_BOS, 1u);
  }
  storageBarrier();
  if (length == table[PROCESSOR_LAST_LENGTH] && count_of(PROCESSOR_FORCED_EOS) != 0u) {
    force(table[PROCESSOR_FORCED_EOS], count_of(PROCESSOR_FORCED_EOS));
  }
  storageBarrier();
  // ExponentialDecayLengthPenalty
  if (length > table[PROCESSOR_DECAY_START]) {
    decay(length);
  }
  storageBarrier();
  // SuppressTokensLogitsProcessor, SuppressTokensAtBeginLogitsProcessor
  ban_list(PROCESSOR_SUPPRESS);
  if (length == table[PROCESSOR_BEGIN]) {
    ban_list(PROCESSOR_BEGIN_SUPPRESS);
  }
  storageBarrier();
  // ForceTokensLogitsProcessor of transformers 4. Each entry is two words: a length and a token.
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
