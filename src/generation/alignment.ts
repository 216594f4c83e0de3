/**
 * Which source token each target token comes from, read off the cross-attention: "shift-att" of Chen et al. 2020,
 * "Accurate Word Alignment Induction from Neural Machine Translation" (section 3): a token is aligned by the weights of
 * the step that reads it, not of the one that writes it, in the last layer but one, averaged over the heads.
 */

export interface Alignment {
  /** (target, source), row by row: how much each target token looked at each source token; rows add up to one. */
  weights: Float32Array;
  shape: [target: number, source: number];
  /** For each target token the source token that it looked at most, end token left out. */
  pairs: [target: number, source: number][];
}

/**
 * @param crossAttentions of one sequence, [step][layer] of heads x source, as `generate` returns them
 * @param source how many source tokens there are
 * @param ignored which of them are no words, such as the end token
 * @param count target tokens after the start token; those that no step has read (the last one) get no pair
 */
export function alignmentOf(
  crossAttentions: Float32Array[][],
  source: number,
  ignored: ReadonlySet<number>,
  count: number,
): Alignment {
  const weights = new Float32Array(count * source);
  const pairs: [number, number][] = [];
  for (let target = 0; target < count; target++) {
    const layers = crossAttentions.at(target + 1);
    if (!layers) continue;
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
