/** What tests ask of a model, through the public API; runs in a page and in Node. */

import { Seq2Seq, type GenerateOutput, type GenerationConfig, type Source } from "../../../src/index";

/** Loads a model, generates once for each batch and disposes of it. */
export async function generateAll(
  source: Source,
  device: Seq2Seq["device"],
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

/** Of teacher-forced passes. */
interface Passes {
  /** (B, T, V), (B, S, D) */
  logits: Float32Array;
  states: Float32Array;
  /** The same without an attention mask: padding is told by its token. */
  logitsWithoutMask: Float32Array;
}

export interface GoldenResult extends Passes {
  batch: GenerateOutput;
  alone: GenerateOutput[];
}

async function passes(model: Seq2Seq, { input_ids, attention_mask, decoder_input_ids }: GoldenInput): Promise<Passes> {
  const masked = await model.forward({ input_ids, attention_mask, decoder_input_ids });
  const unmasked = await model.forward({ input_ids, decoder_input_ids });
  return {
    logits: masked.logits.data,
    states: masked.encoder_last_hidden_state.data,
    logitsWithoutMask: unmasked.logits.data,
  };
}

/** Everything that a golden case has an answer to. */
export async function runGolden(source: Source, device: Seq2Seq["device"], golden: GoldenInput): Promise<GoldenResult> {
  const { input_ids, attention_mask, max_new_tokens } = golden;
  const model = await Seq2Seq.load(source, { device });
  const forced = await passes(model, golden);
  // Rows as a user has them, of different lengths.
  const rows = input_ids.map((row, i) => row.filter((_, j) => attention_mask[i][j] === 1));
  const options = { max_new_tokens, output_scores: true };
  const batch = await model.generate(rows, { ...options, output_attentions: true });
  const alone: GenerateOutput[] = [];
  for (const row of rows) alone.push(await model.generate(row, options));
  await model.dispose();
  return { ...forced, batch, alone };
}

export interface FamilyResult extends Passes {
  /** Rows as padded in the golden, with their mask. */
  padded: GenerateOutput;
  /** Rows of different lengths; what padding is inside a row stays. */
  batch: GenerateOutput;
  alone: GenerateOutput[];
  /** Four beams: the best of each row, and all four. */
  beams: GenerateOutput;
  best: GenerateOutput;
}

/** Greedy search, beam search and a teacher-forced pass, as test/goldens/families.py asks Hugging Face transformers for them. */
export async function runFamily(source: Source, device: Seq2Seq["device"], golden: GoldenInput): Promise<FamilyResult> {
  const { input_ids, attention_mask, max_new_tokens } = golden;
  const model = await Seq2Seq.load(source, { device });
  const forced = await passes(model, golden);
  const rows = input_ids.map((row, i) => row.slice(0, attention_mask[i].lastIndexOf(1) + 1));
  const options = { max_new_tokens, num_beams: 1, output_scores: true };
  const padded = await model.generate(input_ids, { ...options, attention_mask });
  const batch = await model.generate(rows, options);
  const alone: GenerateOutput[] = [];
  for (const row of rows) alone.push(await model.generate(row, options));
  const beams = await model.generate(rows, { max_new_tokens, num_beams: 4 });
  const best = await model.generate(rows, { max_new_tokens, num_beams: 4, num_return_sequences: 4 });
  await model.dispose();
  return { ...forced, padded, batch, alone, beams, best };
}

/** `generateAll` with the contents of files instead of their address. */
export function generateAllFrom(
  files: Record<string, string | Uint8Array>,
  device: Seq2Seq["device"],
  batches: number[][][],
  options: GenerationConfig,
): Promise<GenerateOutput[]> {
  return generateAll({ read: (path) => files[path] }, device, batches, options);
}
