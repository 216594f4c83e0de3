/** What tests ask of a model, through the public API; runs in a page and in Node. */

import type { GenerateOutput, GenerationConfig, Seq2Seq, Source } from "../../../src/index";
import { loadForGoldens } from "./in-this-thread";

/** Loads a model, generates once for each batch and disposes of it. */
export async function generateAll(
  source: Source,
  device: Seq2Seq["device"],
  batches: number[][][],
  options: GenerationConfig,
  onWarning?: (message: string) => void,
): Promise<GenerateOutput[]> {
  const model = await loadForGoldens(source, { device, onWarning });
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
  /** The same of row 0 alone, without padding and without a mask. */
  logitsWithoutMask: Float32Array;
}

export interface GoldenResult extends Passes {
  batch: GenerateOutput;
  alone: GenerateOutput[];
}

async function passes(model: Seq2Seq, { input_ids, attention_mask, decoder_input_ids }: GoldenInput): Promise<Passes> {
  const masked = await model.forward({ input_ids, attention_mask, decoder_input_ids });
  // Without a mask every token is read, so the padding must not be there.
  const row = input_ids[0].filter((_, j) => attention_mask[0][j] === 1);
  const hasHoles = row.length <= attention_mask[0].lastIndexOf(1);
  const unmasked = await model.forward(
    hasHoles
      ? { input_ids: [input_ids[0]], attention_mask: [attention_mask[0]], decoder_input_ids: [decoder_input_ids[0]] }
      : { input_ids: [row], decoder_input_ids: [decoder_input_ids[0]] },
  );
  return {
    logits: masked.logits.data,
    states: masked.encoder_last_hidden_state.data,
    logitsWithoutMask: unmasked.logits.data,
  };
}

/** Everything that a golden case has an answer to. */
export async function runGolden(source: Source, device: Seq2Seq["device"], golden: GoldenInput): Promise<GoldenResult> {
  const { input_ids, attention_mask, max_new_tokens } = golden;
  const model = await loadForGoldens(source, { device });
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
  const model = await loadForGoldens(source, { device });
  const forced = await passes(model, golden);
  const rows = input_ids.map((row, i) => row.slice(0, attention_mask[i].lastIndexOf(1) + 1));
  const options = { max_new_tokens, num_beams: 1, output_scores: true };
  const padded = await model.generate(input_ids, { ...options, attention_mask });
  // Padding inside a row needs a mask.
  const masks = attention_mask.map((mask, i) => mask.slice(0, rows[i].length));
  const attentionMask = masks.flat().includes(0) ? masks : undefined;
  const batch = await model.generate(rows, { ...options, attention_mask: attentionMask });
  const alone: GenerateOutput[] = [];
  for (const [i, row] of rows.entries())
    alone.push(await model.generate(row, { ...options, attention_mask: attentionMask?.[i] }));
  const search = { max_new_tokens, num_beams: 4, attention_mask: attentionMask };
  const beams = await model.generate(rows, search);
  const best = await model.generate(rows, { ...search, num_return_sequences: 4 });
  await model.dispose();
  return { ...forced, padded, batch, alone, beams, best };
}

/** `generateAll` with the contents of files instead of their address. */
export async function generateAllFrom(
  files: Record<string, string | Uint8Array>,
  device: Seq2Seq["device"],
  batches: number[][][],
  options: GenerationConfig,
): Promise<{ results: GenerateOutput[]; warnings: string[] }> {
  const warnings: string[] = [];
  const read = (path: string) => files[path];
  const results = await generateAll({ read }, device, batches, options, (message) => warnings.push(message));
  return { results, warnings };
}
