/** What tests ask of a model, through the public API; runs in a page and in Node. */

import { Seq2Seq, type GenerateOutput, type GenerationConfig, type Source } from "../../src/index";

/** Loads a model, generates once for each batch and disposes of it. */
export async function generateAll(
  source: Source,
  device: "webgpu" | "cpu",
  batches: number[][][],
  options: GenerationConfig,
): Promise<GenerateOutput[]> {
  const model = await Seq2Seq.load(source, { device });
  const results: GenerateOutput[] = [];
  for (const rows of batches) results.push(await model.generate(rows, options));
  await model.dispose();
  return results;
}

export interface GoldenInput {
  input_ids: number[][];
  attention_mask: number[][];
  decoder_input_ids: number[][];
  max_new_tokens: number;
}

export interface GoldenResult {
  /** (B, T, V), (B, S, D) */
  logits: Float32Array;
  states: Float32Array;
  /** The same without an attention mask: padding is told by its token. */
  logitsWithoutMask: Float32Array;
  batch: GenerateOutput;
  alone: GenerateOutput[];
}

/** Everything that a golden case has an answer to. */
export async function runGolden(source: Source, device: "webgpu" | "cpu", golden: GoldenInput): Promise<GoldenResult> {
  const { input_ids, attention_mask, decoder_input_ids, max_new_tokens } = golden;
  const model = await Seq2Seq.load(source, { device });
  const forward = await model.forward({ input_ids, attention_mask, decoder_input_ids });
  const unmasked = await model.forward({ input_ids, decoder_input_ids });
  // Rows as a user has them, of different lengths.
  const rows = input_ids.map((row, i) => row.filter((_, j) => attention_mask[i][j] === 1));
  const options = { max_new_tokens, output_scores: true };
  const batch = await model.generate(rows, { ...options, output_attentions: true });
  const alone: GenerateOutput[] = [];
  for (const row of rows) alone.push(await model.generate(row, options));
  await model.dispose();
  return {
    logits: forward.logits.data,
    states: forward.encoder_last_hidden_state.data,
    logitsWithoutMask: unmasked.logits.data,
    batch,
    alone,
  };
}
