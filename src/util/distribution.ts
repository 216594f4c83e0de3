/** Arithmetic on one row of scores, (V) float32. Sums are float64, results float32, as everywhere in the engine. */

import { Heap } from "./heap";

export type Scores = Float32Array;

export function maxOf(scores: Scores): number {
  let max = -Infinity;
  for (let i = 0; i < scores.length; i++) if (scores[i] > max) max = scores[i];
  return max;
}

/** log(sum(exp(scores))). */
export function logSumExp(scores: Scores): number {
  const max = maxOf(scores);
  if (max === -Infinity) return -Infinity;
  let sum = 0;
  for (let i = 0; i < scores.length; i++) sum += Math.exp(scores[i] - max);
  return max + Math.log(sum);
}

/** In place. */
export function logSoftmax(scores: Scores): void {
  const norm = logSumExp(scores);
  for (let i = 0; i < scores.length; i++) scores[i] -= norm;
}

/** Probabilities, as float64. */
export function softmax(scores: Scores): Float64Array {
  const norm = logSumExp(scores);
  const out = new Float64Array(scores.length);
  for (let i = 0; i < scores.length; i++) out[i] = Math.exp(scores[i] - norm);
  return out;
}

/** A token drawn by u, between 0 and 1, from what the warpers have left, and its log-probability. */
export function drawFrom(scores: Scores, u: number): [index: number, logprob: number] {
  const drawn = draw(softmax(scores), u);
  return [drawn, scores[drawn] - logSumExp(scores)];
}

/** The index of the largest score; of equal scores the lowest index. */
export function argmax(scores: Scores): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i] > scores[best]) best = i;
  return best;
}

/** The indices of the `k` largest values, largest first; of equal values the lower index first. */
export function topIndices(values: ArrayLike<number>, k: number): number[] {
  const count = Math.min(k, values.length);
  const worse = (a: number, b: number): boolean => values[a] < values[b] || (values[a] === values[b] && a > b);
  // The best k so far, with the worst of them on top.
  const best = new Heap<number>(worse);
  for (let i = 0; i < values.length; i++) {
    if (best.size < count) best.push(i);
    else if (count > 0 && worse(best.top!, i)) best.replaceTop(i);
  }
  const indices: number[] = [];
  for (let index = best.pop(); index !== undefined; index = best.pop()) indices.push(index);
  return indices.reverse();
}

/**
 * The first index whose cumulative probability is above `u` times the sum of all; never an index of probability 0.
 * @param probabilities need not add up to 1
 */
export function draw(probabilities: Float64Array, u: number): number {
  let total = 0;
  for (const p of probabilities) total += p;
  const target = u * total;
  let cumulative = 0;
  let last = 0;
  for (let i = 0; i < probabilities.length; i++) {
    if (probabilities[i] === 0) continue;
    cumulative += probabilities[i];
    last = i;
    if (cumulative > target) return i;
  }
  return last; // only if rounding kept the sum below the target
}
