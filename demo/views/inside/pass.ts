/** One sentence through the model, with everything that the page shows of it. */

import type { ForwardOutput, Seq2Seq, StackInternals } from "../../../src/index";
import { tokenLabel, type TokenLabel } from "../../ui/format";
import { prepare, tokenizerOf, type Languages } from "../translate/translation";

export interface Token extends TokenLabel {
  id: number;
  /** As it is in the vocabulary. */
  raw: string;
}

export interface Pass {
  model: Seq2Seq;
  text: string;
  /** What the encoder reads. */
  source: Token[];
  /** What the decoder reads: the start token, then what it wrote. */
  target: Token[];
  /** What the decoder wrote at each step. */
  next: Token[];
  out: ForwardOutput;
  encoder: StackInternals;
  decoder: StackInternals;
}

/** Layers times steps times vocabulary: what the logits after every layer may take, in numbers. */
const MOST_LOGITS = 5e7;

/**
 * @param written the output that was there already for this text; else the model writes greedily
 */
export async function computePass(
  model: Seq2Seq,
  text: string,
  languages: Languages,
  written: readonly number[] | undefined,
  signal: AbortSignal,
): Promise<Pass> {
  const { ids, options } = await prepare(model, text, languages);
  const greedy = { ...options, num_beams: 1, num_return_sequences: 1, do_sample: false, signal };
  const sequence = written ?? (await model.generate(ids, greedy)).sequences[0];
  const decoderIds = sequence.slice(0, Math.max(1, sequence.length - 1));
  const { decoder_layers: layers, decoder_vocab_size: vocabulary } = model.config;
  signal.throwIfAborted();
  const out = await model.forward(
    { input_ids: [ids], decoder_input_ids: [[...decoderIds]] },
    {
      output_attentions: true,
      output_hidden_states: true,
      output_internals: true,
      output_layer_logits: layers * decoderIds.length * vocabulary <= MOST_LOGITS,
    },
  );
  signal.throwIfAborted();
  const tokens = await namer(model);
  return {
    model,
    text,
    source: await tokens(ids),
    target: await tokens(decoderIds),
    next: await tokens(sequence.slice(1)),
    out,
    encoder: out.encoder_internals!,
    decoder: out.decoder_internals!,
  };
}

async function namer(model: Seq2Seq): Promise<(ids: readonly number[]) => Promise<Token[]>> {
  const tokenizer = tokenizerOf(model);
  const isEnd = new Set(model.config.eos_token_id);
  return (ids) =>
    Promise.all(
      ids.map(async (id) => {
        const raw = await tokenizer.token(id);
        const label = tokenLabel(raw);
        return { id, raw, ...(isEnd.has(id) ? { text: "end", special: true } : label) };
      }),
    );
}

/** The most probable tokens of logits (…, V) at row `row`, best first. */
export function topTokens(
  logits: Float32Array,
  vocabulary: number,
  row: number,
  count: number,
): { id: number; probability: number }[] {
  const part = logits.subarray(row * vocabulary, (row + 1) * vocabulary);
  const highest = part.reduce((most, value) => Math.max(most, value), -Infinity);
  const total = part.reduce((sum, value) => sum + Math.exp(value - highest), 0);
  const best: number[] = [];
  for (let id = 0; id < part.length; id++) {
    if (best.length === count && part[id] <= part[best[count - 1]]) continue;
    let at = best.length;
    while (at > 0 && part[best[at - 1]] < part[id]) at--;
    best.splice(at, 0, id);
    if (best.length > count) best.pop();
  }
  return best.map((id) => ({ id, probability: Math.exp(part[id] - highest) / total }));
}

/** The probability of one token at a row of logits (…, V). */
export function probabilityOf(logits: Float32Array, vocabulary: number, row: number, id: number): number {
  const part = logits.subarray(row * vocabulary, (row + 1) * vocabulary);
  const highest = part.reduce((most, value) => Math.max(most, value), -Infinity);
  return Math.exp(part[id] - highest) / part.reduce((sum, value) => sum + Math.exp(value - highest), 0);
}
