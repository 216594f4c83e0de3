/** Attentions and hidden states for `generate`: one more teacher-forced pass over the finished sequences computes them. */

import type { Model } from "../models/model";
import type { Ops } from "../ops/ops";
import type { Batch } from "./batch";
import { forward, type HostTensor } from "./forward";

/**
 * Attentions and hidden states of generated sequences, with `output_attentions` and `output_hidden_states`. Every array
 * is row by row: its last dimension is that of neighbours.
 */
export interface StateOutputs {
  /**
   * [sequence][step][layer], heads x source, row-major. Step t generated token t + 1 of the sequence. Source has the length
   * of the input row as it was given.
   */
  cross_attentions?: Float32Array[][][];
  /** [sequence][step][layer], heads x (t + 1): how step t attended to the tokens before it and to its own. */
  decoder_attentions?: Float32Array[][][];
  /** [row][layer], heads x source x source. */
  encoder_attentions?: Float32Array[][];
  /** [sequence][step][layer], width: the embeddings, then the output of each layer. */
  decoder_hidden_states?: Float32Array[][][];
  /** [row][layer], source x width: the embeddings, then the output of each layer. */
  encoder_hidden_states?: Float32Array[][];
}

/** Rows per pass. */
const ROWS_PER_PASS = 16;

/**
 * @param sequences decoder start token first; `perRow` sequences per row of the batch
 */
export async function stateOutputs(
  ops: Ops,
  model: Model,
  batch: Batch,
  sequences: readonly number[][],
  perRow: number,
  wanted: { attentions: boolean; hiddenStates: boolean },
): Promise<StateOutputs> {
  const out: StateOutputs = {};
  if (wanted.attentions) Object.assign(out, { cross_attentions: [], decoder_attentions: [], encoder_attentions: [] });
  if (wanted.hiddenStates) Object.assign(out, { decoder_hidden_states: [], encoder_hidden_states: [] });
  for (let start = 0; start < sequences.length; start += ROWS_PER_PASS) {
    const part = sequences.slice(start, start + ROWS_PER_PASS);
    // The decoder never read the last token. A sequence without new tokens is read as its start token.
    const targets = part.map((sequence) => sequence.slice(0, Math.max(1, sequence.length - 1)));
    const rows = part.map((_, i) => Math.floor((start + i) / perRow));
    const ids = rows.map((row) => batch.ids[row]);
    const input = { ids, mask: rows.map((row) => batch.mask[row]), length: Math.max(...ids.map((row) => row.length)) };
    const pass = await forward(ops, model, input, targets, {
      output_attentions: wanted.attentions,
      output_hidden_states: wanted.hiddenStates,
    });
    targets.forEach((target, i) => {
      const s = ids[i].length;
      const steps = Array.from(target.keys());
      const first = (start + i) % perRow === 0;
      out.cross_attentions?.push(
        steps.map((t) => (pass.cross_attentions ?? []).map((layer) => attentionRows(layer, i, [t, t + 1], s))),
      );
      out.decoder_attentions?.push(
        steps.map((t) => (pass.decoder_attentions ?? []).map((layer) => attentionRows(layer, i, [t, t + 1], t + 1))),
      );
      out.decoder_hidden_states?.push(
        steps.map((t) => (pass.decoder_hidden_states ?? []).map((layer) => stateRows(layer, i, [t, t + 1]))),
      );
      if (!first) return;
      out.encoder_attentions?.push((pass.encoder_attentions ?? []).map((layer) => attentionRows(layer, i, [0, s], s)));
      out.encoder_hidden_states?.push((pass.encoder_hidden_states ?? []).map((layer) => stateRows(layer, i, [0, s])));
    });
  }
  return out;
}

/** Queries `from` to `to` and the first `keys` keys of row b, out of (B, H, T, keys of the batch): (H, to - from, keys). */
function attentionRows({ data, shape }: HostTensor, b: number, [from, to]: [number, number], keys: number) {
  const [, heads, length, width] = shape;
  const out = new Float32Array(heads * (to - from) * keys);
  let at = 0;
  for (let h = 0; h < heads; h++) {
    for (let t = from; t < to; t++, at += keys) {
      const start = ((b * heads + h) * length + t) * width;
      out.set(data.subarray(start, start + keys), at);
    }
  }
  return out;
}

/** Positions `from` to `to` of row b, out of (B, T, D): (to - from, D). */
function stateRows({ data, shape }: HostTensor, b: number, [from, to]: [number, number]): Float32Array {
  const [, length, width] = shape;
  return data.slice((b * length + from) * width, (b * length + to) * width);
}
