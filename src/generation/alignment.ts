/**
 * Word alignment from the cross-attention: for each target token, the attention weights of the step that generated it, in the
 * last but one decoder layer, averaged over the heads. Garg et al. 2019, "Jointly Learning to Align and Translate with
 * Transformer Models" (section 3), found that this layer aligns best.
 */

/**
 * Which source token each target token comes from: the cross-attention of the last decoder layer but one, averaged over
 * the heads (Garg et al. 2019). An estimate for showing; the model was not trained for it.
 */
export interface Alignment {
  /** (target, source), row-major: how much each target token attended to each source token. Each row adds up to one. */
  weights: Float32Array;
  /** The number of target tokens and of source tokens. */
  shape: [target: number, source: number];
  /** For each target token the source token with the largest weight, special tokens left out. */
  pairs: [target: number, source: number][];
}

/**
 * @param crossAttentions of one sequence, [step][layer] of heads x source, as `generate` returns them
 * @param sourceLength number of source tokens
 * @param ignored positions of source tokens that are not words, such as the end token
 * @param count number of target tokens, without the start token
 */
export function alignmentOf(
  crossAttentions: Float32Array[][],
  sourceLength: number,
  ignored: ReadonlySet<number>,
  count: number,
): Alignment {
  const weights = new Float32Array(count * sourceLength);
  const pairs: [number, number][] = [];
  for (const [target, layers] of crossAttentions.slice(0, count).entries()) {
    const layer = layers[Math.max(0, layers.length - 2)];
    const heads = layer.length / sourceLength;
    const row = weights.subarray(target * sourceLength, (target + 1) * sourceLength);
    layer.forEach((weight, i) => (row[i % sourceLength] += weight / heads));
    let best = -1;
    for (let s = 0; s < sourceLength; s++) if (!ignored.has(s) && (best < 0 || row[s] > row[best])) best = s;
    if (best >= 0) pairs.push([target, best]);
  }
  return { weights, shape: [count, sourceLength], pairs };
}
