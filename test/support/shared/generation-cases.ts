/** Calls of test/goldens/generation.py, made through the public API; runs in a page and in Node. */

import type { Seq2Seq, GenerationConfig, Source } from "../../../src/index";
import { loadForGoldens } from "./in-this-thread";

export interface GenerationFile {
  max_new_tokens: number;
  pad_token_id: number;
  /** Source rows without padding. */
  rows: number[][];
  cases: GenerationCase[];
}

export interface GenerationCase {
  /** Which rows go in. */
  rows: number[];
  /** They go in as long as the longest of them, with a mask: the padding is read by rules on the source. */
  padded?: boolean;
  /** As given to Hugging Face; `allowed` is prefix_allowed_tokens as a table, by the last token modulo its length. */
  options: GenerationConfig & { allowed?: number[][] };
  sequences: number[][];
  scores?: number[];
  logprobs?: number[][];
}

export interface GenerationResult {
  sequences: number[][];
  scores?: number[];
  logprobs?: number[][];
  /** What it threw instead. */
  error?: string;
}

/** One result a case, in order; one model for all of them. */
export async function runGenerationCases(
  source: Source,
  device: Seq2Seq["device"],
  { max_new_tokens, pad_token_id, rows, cases }: GenerationFile,
): Promise<GenerationResult[]> {
  // Some pairs are told off, rightly: their answers are compared here.
  const model = await loadForGoldens(source, { device, onWarning: () => undefined });
  const results: GenerationResult[] = [];
  for (const { rows: picked, options: given, padded } of cases) {
    const { allowed, ...options } = given;
    const config: GenerationConfig = { num_beams: 1, output_scores: true, ...options };
    if (config.max_length === undefined) config.max_new_tokens ??= max_new_tokens;
    if (allowed)
      config.prefix_allowed_tokens = (_row, sequence) => allowed[sequence[sequence.length - 1] % allowed.length];
    let input = picked.map((row) => rows[row]);
    if (padded) {
      const length = Math.max(...input.map((row) => row.length));
      const fill = (row: number[], by: number) => [...row, ...new Array<number>(length - row.length).fill(by)];
      config.attention_mask = input.map(({ length: own }) => fill(new Array<number>(own).fill(1), 0));
      input = input.map((row) => fill(row, pad_token_id));
    }
    try {
      const out = await model.generate(input, config);
      results.push({ sequences: out.sequences, scores: out.sequences_scores, logprobs: out.token_logprobs });
    } catch (error) {
      results.push({ sequences: [], error: String(error) });
    }
  }
  await model.dispose();
  return results;
}
