/**
 * The logits processors, in the order and with the meaning of Hugging Face transformers 5.23 (`_get_logits_processor` of
 * generation/utils.py, logits_process.py), reading the table of ops/logits-processors.ts. Arithmetic is float32; LEAST stands
 * for -infinity.
 */

import { NEVER, PROCESSOR, type ProcessorState } from "../../ops/logits-processors";
import { asFloats, rowsOf, type Tensor } from "../../tensor/tensor";
import { BANNED, LEAST, plus } from "../../util/scores";
import { f32, u32 } from "./tensors";

/** `processLogits`: scores (B, 1, V), in place. */
export function processRows(scores: Tensor, state: ProcessorState): void {
  const [rows, width] = rowsOf(scores.shape);
  const [sentences, sourceCapacity] = state.source.shape;
  for (let row = 0; row < rows; row++) {
    const sentence = Math.floor((row * sentences) / rows);
    const start = sentence * sourceCapacity;
    const source = u32(state.source).subarray(start, start + u32(state.sourceLength)[sentence]);
    const ofRow = f32(scores).subarray(row * width, (row + 1) * width);
    processRow(ofRow, sequenceOf(row, rows, state), Array.from(source), u32(state.table));
  }
}

/** The tokens of the row so far, the newest included. */
const sequenceOf = (row: number, rows: number, state: ProcessorState): number[] => [
  u32(state.table)[PROCESSOR.startToken],
  ...tokensFrom(1, row, rows, state),
];

/** The tokens of the row from position `first` on, which is at least 1. */
export function tokensFrom(
  first: number,
  row: number,
  rows: number,
  { position, history, ancestors }: Pick<ProcessorState, "position" | "history" | "ancestors">,
): number[] {
  const at = u32(position)[row];
  const capacity = history.shape[0];
  const fields = history.shape.length === 3 ? history.shape[1] : 1;
  const sequence: number[] = [];
  for (let p = first; p <= at; p++) {
    const from = ancestors ? u32(ancestors)[((at & 1) * capacity + p) * rows + row] : row;
    sequence.push(u32(history)[(p - 1) * fields * rows + from]);
  }
  return sequence;
}

function processRow(scores: Float32Array, sequence: number[], source: number[], table: Uint32Array): void {
  const floats = asFloats(table);
  const list = (at: number): Uint32Array => table.subarray(table[at], table[at] + table[at + 1]);
  const ban = (tokens: Iterable<number>): void => {
    for (const token of tokens) if (token < scores.length) scores[token] = LEAST;
  };
  /** Leaves nothing but `tokens`. */
  const force = (tokens: Iterable<number>): void => {
    scores.fill(LEAST);
    for (const token of tokens) scores[token] = 0;
  };
  const length = sequence.length;

  // SequenceBiasLogitsProcessor
  addBiases(scores, sequence, table, PROCESSOR.biases);
  // EncoderRepetitionPenaltyLogitsProcessor, RepetitionPenaltyLogitsProcessor
  penalise(scores, source, floats[PROCESSOR.encoderRepetitionPenalty]);
  penalise(scores, sequence, floats[PROCESSOR.repetitionPenalty]);
  // NoRepeatNGramLogitsProcessor, EncoderNoRepeatNGramLogitsProcessor
  ban(continuations(sequence, sequence, table[PROCESSOR.noRepeatNgramSize]));
  ban(continuations(sequence, source, table[PROCESSOR.encoderNoRepeatNgramSize]));
  // NoBadWordsLogitsProcessor
  addBiases(scores, sequence, table, PROCESSOR.badWords);
  // MinLengthLogitsProcessor, MinNewTokensLengthLogitsProcessor
  if (length < table[PROCESSOR.minLength]) ban(list(PROCESSOR.eos));
  // ForcedBOSTokenLogitsProcessor, ForcedEOSTokenLogitsProcessor
  if (length === 1 && table[PROCESSOR.forcedBos] !== NEVER) force([table[PROCESSOR.forcedBos]]);
  if (length === table[PROCESSOR.lastLength] && table[PROCESSOR.forcedEos + 1] > 0) force(list(PROCESSOR.forcedEos));
  // ExponentialDecayLengthPenalty
  if (table[PROCESSOR.decayStart] !== NEVER && length > table[PROCESSOR.decayStart]) {
    const growth = floats[table[PROCESSOR.decay] + length - table[PROCESSOR.decayStart]];
    for (const token of new Set(list(PROCESSOR.eos))) {
      scores[token] = plus(scores[token], Math.fround(Math.abs(scores[token]) * growth));
    }
  }
  // SuppressTokensLogitsProcessor, SuppressTokensAtBeginLogitsProcessor
  ban(list(PROCESSOR.suppress));
  if (length === table[PROCESSOR.begin]) ban(list(PROCESSOR.beginSuppress));
  // ForceTokensLogitsProcessor of transformers 4
  const [at, count] = [table[PROCESSOR.forcedAt], table[PROCESSOR.forcedAt + 1]];
  for (let i = 0; i < count; i++) if (table[at + 2 * i] === length) force([table[at + 2 * i + 1]]);
}

/** Adds the bias of each sequence that its last token would complete to the score of that token. */
function addBiases(scores: Float32Array, sequence: number[], table: Uint32Array, at: number): void {
  const floats = asFloats(table);
  // The biases of a token are summed up first and then added: the sums are float32, so the order counts.
  const sums = new Map<number, number>();
  for (const place of table.subarray(table[at], table[at] + table[at + 1])) {
    const ids = table.subarray(place + 2, place + 2 + table[place]);
    const before = ids.subarray(0, -1);
    const start = sequence.length - before.length;
    const last = ids[ids.length - 1];
    const completes = start >= 0 && before.every((id, i) => id === sequence[start + i]);
    if (completes) sums.set(last, plus(sums.get(last) ?? 0, floats[place + 1]));
  }
  for (const [token, bias] of sums) scores[token] = plus(scores[token], bias);
}

/** Divides a positive score and multiplies a negative one, once per token. */
function penalise(scores: Float32Array, tokens: number[], factor: number): void {
  if (factor === 1) return;
  for (const token of new Set(tokens)) {
    // A source token may be beyond the target vocabulary.
    if (token >= scores.length || scores[token] <= BANNED) continue;
    scores[token] = scores[token] < 0 ? Math.max(LEAST, scores[token] * factor) : scores[token] / factor;
  }
}

/** The tokens that would complete an n-gram of `known` that the sequence has begun. */
function continuations(sequence: number[], known: number[], n: number): number[] {
  if (n === 0 || sequence.length < n - 1) return [];
  const begun = sequence.slice(sequence.length - (n - 1));
  const found: number[] = [];
  for (let i = 0; i + n <= known.length; i++) {
    if (begun.every((token, j) => token === known[i + j])) found.push(known[i + n - 1]);
  }
  return found;
}
