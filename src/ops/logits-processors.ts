/**
 * The logits processors that a device runs, as one table of words that it reads. The table is written once per call; a
 * recorded plan works with any. Those that only JavaScript can run are in generation/search/processors/.
 *
 * The kernel knows every word by the name that it has here: `PROCESSOR.minLength` is PROCESSOR_MIN_LENGTH there.
 */

import { LEAST } from "../util/scores";
import { bitsOf, type Tensor } from "../tensor/tensor";

/** In the order in which they are applied. Off: 1 for penalties, 0 for other numbers, undefined, []. */
export interface LogitsProcessors {
  sequenceBias: readonly (readonly [ids: readonly number[], bias: number])[];
  encoderRepetitionPenalty: number;
  repetitionPenalty: number;
  noRepeatNgramSize: number;
  encoderNoRepeatNgramSize: number;
  badWordsIds: readonly (readonly number[])[];
  /** Of the whole sequence, start token included. */
  minLength: number;
  forcedBosTokenId?: number;
  forcedEosTokenIds: readonly number[];
  exponentialDecay?: readonly [start: number, factor: number];
  suppressTokens: readonly number[];
  beginSuppressTokens: readonly number[];
  forcedDecoderIds: readonly (readonly [position: number, token: number])[];
}

/** What the processors refer to. */
export interface ProcessorContext {
  /** The first token of every sequence; the rest is in the history. */
  startTokenId: number;
  eosTokenIds: readonly number[];
  /** Tokens that were given, start token included. */
  promptLength: number;
  maxLength: number;
}

/** The operands of `Ops.processLogits`. */
export interface ProcessorState {
  /** (W) u32, see {@link packProcessors}; may be longer than the table in it, where calls share a session. */
  readonly table: Tensor;
  /** (B) u32: how many tokens the cache holds, without the newest. */
  readonly position: Tensor;
  /** (C, B) or (C, fields, B) u32: the token that the step at each position chose, first of the fields. */
  readonly history: Tensor;
  /** (2, C, B) u32 with beams, see `BeamState`; absent: each row its own. */
  readonly ancestors?: Tensor;
  /** (B / G, S) u32: the source tokens; G neighbouring rows share one source. */
  readonly source: Tensor;
  /** (B / G) u32: the number of source tokens, without padding. */
  readonly sourceLength: Tensor;
}

/** The words at the front of the table. A list takes two: where it begins, then how many entries it has. */
export const PROCESSOR = {
  startToken: 0,
  /** f32 */
  repetitionPenalty: 1,
  /** f32: already inverted, since tokens of the source are raised where the others are lowered. */
  encoderRepetitionPenalty: 2,
  noRepeatNgramSize: 3,
  encoderNoRepeatNgramSize: 4,
  minLength: 5,
  /** NEVER if no token is forced. */
  forcedBos: 6,
  /** The length at which the next token is the last. */
  lastLength: 7,
  /** The length at which `beginSuppressTokens` are banned. */
  begin: 8,
  /** The length beyond which the scores of end tokens grow; NEVER where they do not. */
  decayStart: 9,
  /** Lists of places in the table. At each place: how many ids, the bits of the bias (f32), the ids. */
  biases: 10,
  badWords: 12,
  /** Lists of tokens. */
  eos: 14,
  forcedEos: 16,
  suppress: 18,
  beginSuppress: 20,
  /** A list of (length, token). */
  forcedAt: 22,
  /** A list of f32: factor ** n - 1 for n = 0, 1, .. */
  decay: 24,
} as const;
const HEADER = 26;
export const NEVER = 0xffffffff;

export function packProcessors(processors: LogitsProcessors, context: ProcessorContext): Uint32Array {
  const words = new Array<number>(HEADER).fill(0);
  /** Limited, so that the products and quotients made with it stay finite. */
  const factor = (value: number): number => bitsOf(Math.min(1e30, Math.max(1e-30, value)));
  const list = (at: number, entries: readonly number[], count = entries.length): void => {
    [words[at], words[at + 1]] = [words.length, count];
    words.push(...entries);
  };
  const sequences = (at: number, biases: LogitsProcessors["sequenceBias"]): void => {
    const places = words.length;
    const ordered = inOrderOfSummation(biases);
    list(at, new Array<number>(ordered.length).fill(0));
    ordered.forEach(([ids, bias], i) => {
      words[places + i] = words.length;
      words.push(ids.length, bitsOf(Math.max(LEAST, bias)), ...ids);
    });
  };
  const { promptLength, maxLength, eosTokenIds } = context;
  const { forcedBosTokenId: bos, exponentialDecay: decay } = processors;
  words[PROCESSOR.startToken] = context.startTokenId;
  words[PROCESSOR.repetitionPenalty] = factor(processors.repetitionPenalty);
  words[PROCESSOR.encoderRepetitionPenalty] = factor(1 / processors.encoderRepetitionPenalty);
  words[PROCESSOR.noRepeatNgramSize] = processors.noRepeatNgramSize;
  words[PROCESSOR.encoderNoRepeatNgramSize] = processors.encoderNoRepeatNgramSize;
  words[PROCESSOR.minLength] = processors.minLength;
  words[PROCESSOR.forcedBos] = bos ?? NEVER;
  words[PROCESSOR.lastLength] = maxLength - 1;
  words[PROCESSOR.begin] = promptLength + (promptLength === 1 && bos !== undefined ? 1 : 0);
  // Where the start is between two lengths, or before the first, the growth is counted from there.
  const decayFrom = decay ? promptLength + decay[0] : 0;
  const decayStart = Math.max(0, Math.floor(decayFrom));
  words[PROCESSOR.decayStart] = decay && decayFrom < NEVER ? decayStart : NEVER;
  sequences(PROCESSOR.biases, processors.sequenceBias);
  // An end token alone cannot be a banned word, as in Hugging Face.
  const banned = processors.badWordsIds.filter((ids) => ids.length > 1 || !eosTokenIds.includes(ids[0]));
  sequences(
    PROCESSOR.badWords,
    banned.map((ids) => [ids, LEAST]),
  );
  list(PROCESSOR.eos, eosTokenIds);
  list(PROCESSOR.forcedEos, processors.forcedEosTokenIds);
  list(PROCESSOR.suppress, processors.suppressTokens);
  list(PROCESSOR.beginSuppress, processors.beginSuppressTokens);
  // Of several tokens for one position the last counts.
  const forced = [...new Map(processors.forcedDecoderIds)];
  list(PROCESSOR.forcedAt, forced.flat(), forced.length);
  const growth = decay
    ? Array.from({ length: maxLength }, (_, n) => Math.min(1e30, decay[1] ** (decayStart + n - decayFrom) - 1))
    : [];
  list(PROCESSOR.decay, growth.map(bitsOf));
  return Uint32Array.from(words);
}

/**
 * Biases of one token are added up first, in Hugging Face's order: sequences of one token, then by length, lengths as
 * they first appear. Of several biases for the same ids the last counts, at the place of the first.
 */
function inOrderOfSummation(biases: LogitsProcessors["sequenceBias"]): LogitsProcessors["sequenceBias"] {
  const last = new Map(biases.map(([ids, bias]) => [ids.join(), [ids, bias] as const]));
  const unique = [...last.values()];
  const lengths = [1, ...new Set(unique.map(([ids]) => ids.length).filter((length) => length > 1))];
  return lengths.flatMap((length) => unique.filter(([ids]) => ids.length === length));
}

/** Whether there is anything to do. */
export function isIdle(processors: LogitsProcessors): boolean {
  const { encoderRepetitionPenalty, repetitionPenalty, forcedBosTokenId, exponentialDecay, ...others } = processors;
  const off = (value: unknown): boolean => (Array.isArray(value) ? value.length === 0 : value === 0);
  const penalised = encoderRepetitionPenalty !== 1 || repetitionPenalty !== 1;
  return !penalised && forcedBosTokenId === undefined && !exponentialDecay && Object.values(others).every(off);
}
