/** Whether the internals of a forward pass make what the pass itself returns; runs in a page and in Node. */

import type { AttentionInternals, ForwardOutput, StackInternals } from "../../../src/index";
import type { HostTensor } from "../../../src/tensor/host-tensor";

/** Differences of what is computed here in doubles from what the engine returns, at most. */
export interface InternalsCheck {
  /** Attention weights of queries, keys and scale: compared where `hasPositionBias` is false. */
  weights: number;
  /** Logits of the last layer. */
  logits: number;
  /** How many lists have another length than the stack has layers. */
  lengths: number;
}

/** @param hasPositionBias T5's scores have a part that is not in queries and keys */
export function checkInternals(output: ForwardOutput, hasPositionBias: boolean): InternalsCheck {
  const { encoder_internals: encoder, decoder_internals: decoder, layer_logits = [] } = output;
  const { encoder_attentions = [], decoder_attentions = [], cross_attentions = [] } = output;
  if (!encoder || !decoder) throw new Error("There are no internals.");
  const weights = hasPositionBias
    ? []
    : [
        ...encoder.self_attention.map((layer, i) => worstWeight(layer, encoder_attentions[i])),
        ...decoder.self_attention.map((layer, i) => worstWeight(layer, decoder_attentions[i])),
        ...decoder.cross_attention.map((layer, i) => worstWeight(layer, cross_attentions[i])),
      ];
  const last = layer_logits.at(-1);
  const logits = output.logits.data.reduce((worst, x, i) => Math.max(worst, Math.abs(x - (last?.data[i] ?? NaN))), 0);
  const lengths = (stack: StackInternals, layers: number, cross: number): number =>
    Number(stack.self_attention.length !== layers) +
    Number(stack.cross_attention.length !== cross) +
    Number(stack.feed_forward.length !== layers);
  const decoderLayers = cross_attentions.length;
  return {
    weights: Math.max(0, ...weights),
    logits,
    lengths:
      lengths(encoder, encoder_attentions.length, 0) +
      lengths(decoder, decoderLayers, decoderLayers) +
      Number(layer_logits.length !== decoderLayers),
  };
}

/** Keys that the engine gave no weight at all are those that a mask hides. */
function worstWeight({ query, key, scale }: AttentionInternals, weights: HostTensor): number {
  const [rows, heads, targets, sources] = weights.shape;
  const width = query.shape[2];
  const headWidth = width / heads;
  let worst = 0;
  for (let b = 0; b < rows; b++)
    for (let head = 0; head < heads; head++)
      for (let t = 0; t < targets; t++) {
        const at = ((b * heads + head) * targets + t) * sources;
        const scores = Array.from({ length: sources }, (_, s) => {
          if (weights.data[at + s] === 0) return -Infinity;
          let sum = 0;
          for (let i = head * headWidth; i < (head + 1) * headWidth; i++)
            sum += query.data[(b * targets + t) * width + i] * key.data[(b * sources + s) * width + i];
          return sum * scale;
        });
        const highest = Math.max(...scores);
        const shares = scores.map((score) => Math.exp(score - highest));
        const total = shares.reduce((sum, share) => sum + share, 0);
        shares.forEach((share, s) => {
          if (highest > -Infinity) worst = Math.max(worst, Math.abs(share / total - weights.data[at + s]));
        });
      }
  return worst;
}
