/** One call of every way of generating, for tests that compare them. */

import { expect } from "vitest";
import type { LocalSeq2Seq as Seq2Seq } from "../../../src/engine/seq2seq";
import type { GenerationConfig } from "../../../src/index";

export const rows = [[4, 5, 6, 7], [8], [9, 10, 11, 12, 13, 14, 15], [16, 4, 17]];

/** One of each kind of search, and the rules that look at history, source, position and caller. */
export const kinds: GenerationConfig[] = [
  {},
  { num_beams: 1, repetition_penalty: 1.3, no_repeat_ngram_size: 2 },
  { num_beams: 2 },
  { num_beams: 4, num_return_sequences: 3, length_penalty: 0.5 },
  { num_beams: 3, early_stopping: true, encoder_no_repeat_ngram_size: 1, min_new_tokens: 4 },
  { num_beams: 5, early_stopping: "never", length_penalty: 2, encoder_repetition_penalty: 1.5 },
  { num_beams: 2, prefix_allowed_tokens: (_row, ids) => [2, 4 + (ids.length % 9), 5, 6, 7, 8] },
  { num_beams: 2, decoder_input_ids: [1, 7, 9], bad_words_ids: [[4], [5, 6]] },
  { decoder_input_ids: [1, 7, 9, 4, 12] },
  { num_beams: 3, decoder_input_ids: [1, 6] },
  { repetition_penalty: 1.3, no_repeat_ngram_size: 2, decoder_input_ids: [1, 7, 9, 7] },
  { do_sample: true, seed: 7, decoder_input_ids: [1, 7, 9] },
  { do_sample: true, seed: 7 },
  { do_sample: true, seed: 7, num_return_sequences: 3, top_p: 0.8, temperature: 1.5 },
  { do_sample: true, seed: 7, num_beams: 3, top_k: 6 },
];
export const named = kinds.map((options) => ({ name: JSON.stringify(options), options }));

/** The options for row i alone; draws of row i of a batch come from its own stream, so alone it must be row 0. */
export const samples = (options: GenerationConfig): boolean => options.do_sample === true;
/** AllLogitsProcessors on the source see what the caller wrote into the row, padding too. */
export const readsSource = (options: GenerationConfig): boolean =>
  Object.keys(options).some((name) => name.startsWith("encoder_"));

/** Calls with at most ten new tokens and their scores; a prompt is that of every row. */
export function generateWith(model: Seq2Seq, ids: number[][], options: GenerationConfig) {
  const prompt = options.decoder_input_ids as number[] | undefined;
  const decoder_input_ids = prompt && ids.map(() => prompt);
  return model.generate(ids, { max_new_tokens: 10, output_scores: true, ...options, decoder_input_ids });
}

export function expectClose(actual: number[] | undefined, expected: number[] | undefined): void {
  expect(actual?.length).toBe(expected?.length);
  actual?.forEach((value, i) => expect(Math.abs(value - (expected?.[i] ?? NaN))).toBeLessThan(1e-4));
}
