/** What the methods of `Seq2Seq` take and return. */

import type { StateOutputs } from "../generation/outputs";
import type { SpeechCall, SpeechInput } from "../generation/speech/call";
import type { Judgements } from "../generation/speech/review";
import type { Alternative } from "../generation/search/search";
import type { Stats } from "../generation/stats";

/**
 * What `generate` and `stream` read: token ids, one row or several of any lengths; for a model that reads sound an object with it
 * and, if you like, the options.
 */
export type ModelInput = number[] | number[][] | SpeechCall;

/** The result of `generate`, with the names of Hugging Face transformers. */
export interface GenerateOutput extends StateOutputs, Judgements {
  /**
   * Token ids as Hugging Face returns them, but without padding: decoder start token first, end token last if the sequence has
   * one. With `num_return_sequences` = n, those of input row i are n * i to n * i + n - 1, best first.
   */
  sequences: number[][];
  /** Whisper only: the new tokens of each sequence, without the token that ended it; what `generate` of transformers returns. */
  generated?: number[][];
  /** Beam search only: the sum of a sequence's log-probabilities divided by its length ** length_penalty. */
  sequences_scores?: number[];
  /**
   * With `output_scores`: [sequence][step], the natural logarithm of the probability of each new token, after the logits
   * processors. Hugging Face's `compute_transition_scores`, with `normalize_logits` except in a beam search.
   */
  token_logprobs?: number[][];
  /** With `output_alternatives`: [sequence][step], the most probable tokens of the step, after the logits processors. */
  alternatives?: Alternative[][][];
  /** What the call cost. */
  stats: Stats;
}

/** One token of a sequence, from `stream`. */
export interface StreamStep {
  /** Index of the sequence, as in `GenerateOutput.sequences`. */
  row: number;
  /** Its id. */
  token: number;
  /** With `output_scores`: the natural logarithm of its probability, as in `GenerateOutput.token_logprobs`. */
  logprob?: number;
  /** With `output_alternatives`: the most probable tokens of this step, best first. */
  alternatives?: Alternative[];
}

/**
 * What `stream` gives: tokens, and at its end, as the value of `next()` that says `done`, what `generate` returns: all sequences
 * with their scores, and `stats`. A loop that is left early gets none; `void` is there so that `return()` needs no value.
 */
export type StepStream = AsyncGenerator<StreamStep, GenerateOutput | void, undefined>;

/**
 * Token ids of both sides, for one teacher-forced pass: one row, or B rows of any lengths. For a model that reads sound,
 * `input_features` or `input_values` instead of `input_ids`.
 */
export interface ForwardInput extends SpeechInput {
  /** (B, S): the source. Default: none, where the model reads sound. */
  input_ids?: number[] | number[][];
  /** (B, S): 1 for each source token to read, 0 for padding. Default: every token is read. */
  attention_mask?: (number | boolean)[] | (number | boolean)[][];
  /** (B, T): what the decoder reads, start token first. */
  decoder_input_ids: number[] | number[][];
}
