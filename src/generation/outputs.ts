/** Attentions and hidden states for `generate`: one more teacher-forced pass over the finished sequences computes them. */

import type { Batch } from "./batch";
import { HostTensor } from "../tensor/host-tensor";
import { onEngine, type Engine } from "./engine";
import { forward } from "./forward";

export { FORWARD_OPTIONS, forward } from "./forward";

/**
 * Attentions and hidden states of generated sequences, with `output_attentions` and `output_hidden_states`: the tensors of
 * `Seq2Seq.forward`, under the same names, cut by sequence and step. Step t generated token t + 1 of its sequence. H heads, S
 * tokens of the input row as it was given, D the width of the model. [layer] counts decoder layers, or the encoder's own.
 */
export interface StateOutputs {
  /** [sequence][step][layer], (H, S) each: how step t attended to the source. Each row of S adds up to one. */
  cross_attentions?: HostTensor[][][];
  /** [sequence][step][layer], (H, t + 1) each: how step t attended to the tokens before it and to its own. */
  decoder_attentions?: HostTensor[][][];
  /** [row][layer], (H, S, S) each: how the tokens of the source attended to each other. */
  encoder_attentions?: HostTensor[][];
  /** [sequence][step][layer], (D) each: what the first decoder layer reads, then the output of each layer. */
  decoder_hidden_states?: HostTensor[][][];
  /** [row][layer], (S, D) each: what the first encoder layer reads, then the output of each layer. */
  encoder_hidden_states?: HostTensor[][];
}

/** Rows per pass. */
const ROWS_PER_PASS = 16;

/**
 * @param sequences decoder start token first; `perRow` sequences per row of the batch
 */
export async function stateOutputs(
  engine: Engine,
  batch: Batch,
  sequences: readonly number[][],
  perRow: number,
  wanted: { attentions: boolean; hiddenStates: boolean },
  signal?: AbortSignal,
): Promise<StateOutputs> {
  const out: StateOutputs = {};
  if (wanted.attentions) Object.assign(out, { cross_attentions: [], decoder_attentions: [], encoder_attentions: [] });
  if (wanted.hiddenStates) Object.assign(out, { decoder_hidden_states: [], encoder_hidden_states: [] });
  for (let start = 0; start < sequences.length; start += ROWS_PER_PASS) {
    const part = sequences.slice(start, start + ROWS_PER_PASS);
    // The decoder never read the last token. A sequence without new tokens is read as its start token.
    const targets = part.map((sequence) => sequence.slice(0, Math.max(1, sequence.length - 1)));
    const rows = part.map((_, i) => Math.floor((start + i) / perRow));
    const of = <T>(list: readonly T[]): T[] => rows.map((row) => list[row]);
    const [ids, mask, frames] = [of(batch.ids), of(batch.mask), batch.frames && of(batch.frames)];
    const length = batch.frames ? batch.length : Math.max(...ids.map((row) => row.length));
    const input = { ids, mask, frames, length };
    signal?.throwIfAborted();
    const options = { output_attentions: wanted.attentions, output_hidden_states: wanted.hiddenStates };
    const pass = await onEngine(engine, ({ ops, model }) => forward(ops, model, input, targets, options), signal);
    targets.forEach((target, i) => {
      const s = mask[i].length;
      const steps = Array.from(target.keys());
      const first = (start + i) % perRow === 0;
      const each = (layers: HostTensor[] | undefined, part: (layer: HostTensor) => HostTensor) =>
        (layers ?? []).map(part);
      out.cross_attentions?.push(steps.map((t) => each(pass.cross_attentions, (l) => attentionStep(l, i, t, s))));
      out.decoder_attentions?.push(
        steps.map((t) => each(pass.decoder_attentions, (l) => attentionStep(l, i, t, t + 1))),
      );
      out.decoder_hidden_states?.push(steps.map((t) => each(pass.decoder_hidden_states, (l) => stateStep(l, i, t))));
      if (!first) return;
      out.encoder_attentions?.push(each(pass.encoder_attentions, (l) => attentionSquare(l, i, s)));
      out.encoder_hidden_states?.push(
        each(pass.encoder_hidden_states, (l) => new HostTensor(stateRows(l, i, [0, s]), [s, l.shape[2]])),
      );
    });
  }
  return out;
}

/** The weights of query t of row b on the first `keys` keys, out of (B, H, T, keys of the batch): (H, keys). */
function attentionStep(layer: HostTensor, b: number, t: number, keys: number): HostTensor {
  return new HostTensor(attentionRows(layer, b, [t, t + 1], keys), [layer.shape[1], keys]);
}

/** The weights of row b between its own tokens, out of (B, H, S, S) of the batch: (H, s, s). */
function attentionSquare(layer: HostTensor, b: number, s: number): HostTensor {
  return new HostTensor(attentionRows(layer, b, [0, s], s), [layer.shape[1], s, s]);
}

/** Queries `from` to `to` and the first `keys` keys of row b, out of (B, H, T, keys of the batch): (H, to - from, keys). */
function attentionRows(
  { data, shape }: HostTensor,
  b: number,
  [from, to]: [number, number],
  keys: number,
): Float32Array {
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

/** Position t of row b, out of (B, T, D): (D). */
function stateStep(states: HostTensor, b: number, t: number): HostTensor {
  return new HostTensor(stateRows(states, b, [t, t + 1]), [states.shape[2]]);
}

/** Positions `from` to `to` of row b, out of (B, T, D): (to - from, D). */
function stateRows({ data, shape }: HostTensor, b: number, [from, to]: [number, number]): Float32Array {
  const [, length, width] = shape;
  return data.slice((b * length + from) * width, (b * length + to) * width);
}
