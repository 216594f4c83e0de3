/**
 * Which source token each target token comes from, read off the cross-attention: the weights of the step that wrote the
 * token, in the last decoder layer but one, averaged over the heads. That layer was found to align best by Garg et al.
 * 2019, "Jointly Learning to Align and Translate with Transformer Models" (section 3).
 */

/**
 * Which source token each target token comes from: the cross-attention of the last decoder layer but one, averaged over
 * the heads (Garg et al. 2019). An estimate for showing; the model was not trained for it.
 */
export interface Alignment {
  /** (target, source), row by row: how much each target token looked at each source token; rows add up to one. */
  weights: Float32Array;
  /** The number of target tokens and of source tokens. */
  shape: [target: number, source: number];
  /** For each target token the source token that it looked at most, of those that are words. */
  pairs: [target: number, source: number][];
}

/**
 * @param crossAttentions of one sequence, [step][layer] of heads x source, as `generate` returns them
 * @param source how many source tokens there are
 * @param ignored which of them are no words, such as the end token
 * @param count target tokens after the start token
 */
export function alignmentOf(
  crossAttentions: Float32Array[][],
  source: number,
  ignored: ReadonlySet<number>,
  count: number,
): Alignment {
  const weights = new Float32Array(count * source);
  const pairs: [number, number][] = [];
  for (const [target, layers] of crossAttentions.slice(0, count).entries()) {
    const layer = layers[Math.max(0, layers.length - 2)];
    const heads = layer.length / source;
    const row = weights.subarray(target * source, (target + 1) * source);
    layer.forEach((weight, i) => (row[i % source] += weight / heads));
    let best = -1;
    for (let s = 0; s < source; s++) if (!ignored.has(s) && (best < 0 || row[s] > row[best])) best = s;
    if (best >= 0) pairs.push([target, best]);
  }
  return { weights, shape: [count, source], pairs };
}
