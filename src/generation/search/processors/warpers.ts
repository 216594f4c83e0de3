/**
 * The logits processors of sampling ("warpers"). They remove tokens by giving them minus infinity; those with a parameter
 * `keep` leave at least that many tokens. Hugging Face's logits_process.py.
 */

import { eachBeam, logSumExp, maxOf, softmax, topIndices, type Processor, type Scores } from "./scores";

function removeWhere(scores: Scores, remove: (token: number) => boolean): void {
  for (let token = 0; token < scores.length; token++) if (remove(token)) scores[token] = -Infinity;
}

/** The `k`-th largest score. */
function kthLargest(scores: Scores, k: number): number {
  const top = topIndices(scores, Math.min(k, scores.length));
  return scores[top[top.length - 1]];
}

export function temperature(value: number): Processor {
  const divisor = Math.fround(value);
  return eachBeam((scores) => {
    for (let i = 0; i < scores.length; i++) scores[i] /= divisor;
  });
}

/** TopKLogitsWarper: keeps the k best tokens, and others that are equal to the k-th. */
export function topK(k: number, keep: number): Processor {
  return eachBeam((scores) => {
    const least = kthLargest(scores, Math.max(k, keep));
    removeWhere(scores, (token) => scores[token] < least);
  });
}

/** TopPLogitsWarper (Holtzman et al. 2020): removes the least probable tokens, as long as their sum is at most 1 - p. */
export function topP(p: number, keep: number): Processor {
  return eachBeam((scores) => {
    const probabilities = softmax(scores);
    // Ascending and stable, as torch.sort: of equal tokens the lower id goes first.
    const ascending = Array.from(probabilities.keys()).sort((a, b) => scores[a] - scores[b] || a - b);
    let cumulative = 0;
    for (const token of ascending.slice(0, Math.max(0, ascending.length - keep))) {
      cumulative += probabilities[token];
      if (cumulative > 1 - p) return;
      scores[token] = -Infinity;
    }
  });
}

/** MinPLogitsWarper (Nguyen et al. 2024): removes tokens that are less probable than `p` times the most probable one. */
export function minP(p: number, keep: number): Processor {
  return eachBeam((scores) => {
    const probabilities = softmax(scores);
    const least = p * probabilities.reduce((max, x) => Math.max(max, x), 0);
    const kept = new Set(topIndices(scores, keep));
    removeWhere(scores, (token) => probabilities[token] < least && !kept.has(token));
  });
}

/**
 * TypicalLogitsWarper (Meister et al. 2022): keeps the tokens whose information, -log p, is nearest to the entropy, until their
 * probabilities add up to `mass`.
 */
export function typicalP(mass: number, keep: number): Processor {
  return eachBeam((scores) => {
    const norm = logSumExp(scores);
    const information = Float64Array.from(scores, (score) => norm - score);
    let entropy = 0;
    for (const bits of information) if (Number.isFinite(bits)) entropy += bits * Math.exp(-bits);
    const distance = information.map((bits) => Math.abs(bits - entropy));
    const nearest = Array.from(distance.keys()).sort((a, b) =>
      distance[a] === distance[b] ? a - b : distance[a] < distance[b] ? -1 : 1,
    );
    let cumulative = 0;
    let last = 0;
    while (last < nearest.length - 1 && (cumulative += Math.exp(-information[nearest[last]])) < mass) last++;
    const farthest = distance[nearest[last]];
    const kept = new Set(nearest.slice(0, keep));
    removeWhere(scores, (token) => distance[token] > farthest && !kept.has(token));
  });
}

/** Removes tokens that are less probable than `bound`, but not the `keep` best and those equal to them. */
function cutOff(scores: Scores, bound: number, keep: number): void {
  const probabilities = softmax(scores);
  const least = kthLargest(scores, keep);
  removeWhere(scores, (token) => probabilities[token] < bound && scores[token] < least);
}

/** EpsilonLogitsWarper (Hewitt et al. 2022): removes tokens that are less probable than epsilon. */
export function epsilonCutoff(epsilon: number, keep: number): Processor {
  return eachBeam((scores) => cutOff(scores, epsilon, keep));
}

/** EtaLogitsWarper (Hewitt et al. 2022): the same with the bound min(epsilon, sqrt(epsilon) exp(-entropy)). */
export function etaCutoff(epsilon: number, keep: number): Processor {
  return eachBeam((scores) => {
    const entropy = entropyOf(scores);
    cutOff(scores, Math.min(epsilon, Math.sqrt(epsilon) * Math.exp(-entropy)), keep);
  });
}

/** TopHLogitsWarper: keeps the best of the first 100 tokens until their part of the entropy passes `share` of it. */
export function topH(share: number): Processor {
  return eachBeam((scores) => {
    const best = topIndices(scores, 100);
    const top = Float32Array.from(best, (token) => scores[token]);
    const threshold = share * entropyOf(top);
    const probabilities = softmax(top);
    const kept = new Set<number>();
    let cumulative = 0;
    for (const [i, token] of best.entries()) {
      const p = probabilities[i];
      if (p > 0) cumulative -= p * Math.log(p);
      if (i > 0 && !(cumulative <= threshold)) break;
      kept.add(token);
    }
    removeWhere(scores, (token) => !kept.has(token));
  });
}

function entropyOf(scores: Scores): number {
  if (maxOf(scores) === -Infinity) return 0;
  return softmax(scores).reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
}
