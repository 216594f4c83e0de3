/**
 * The logits processors of sampling ("warpers"), on the scores of one row in place. They remove tokens by giving them minus
 * infinity; those with a parameter `keep` leave at least that many tokens. Hugging Face's logits_process.py.
 */

import { logSumExp, maxOf, softmax, topIndices, type Scores } from "./distribution";

/** Their parameters, in the order of application. */
export interface Warpers {
  temperature: number;
  topH?: number;
  topK: number;
  topP: number;
  minP?: number;
  typicalP: number;
  epsilonCutoff: number;
  etaCutoff: number;
}

export type Warper = (scores: Scores) => void;

/**
 * Those that have something to do. Their parameters are float32, as a GPU has them.
 * @param keep how many tokens to leave at least
 */
export function createWarpers(warpers: Warpers, keep: number): Warper[] {
  const w = { ...warpers };
  for (const name of Object.keys(w) as (keyof Warpers)[]) {
    const value = w[name];
    if (value !== undefined) w[name] = Math.fround(value);
  }
  const list: (Warper | false)[] = [
    w.temperature !== 1 && temperature(w.temperature),
    w.topH !== undefined && topH(w.topH),
    w.topK !== 0 && topK(w.topK, keep),
    w.topP < 1 && topP(w.topP, keep),
    w.minP !== undefined && minP(w.minP, keep),
    w.typicalP < 1 && typicalP(w.typicalP, keep),
    w.epsilonCutoff > 0 && epsilonCutoff(w.epsilonCutoff, keep),
    w.etaCutoff > 0 && etaCutoff(w.etaCutoff, keep),
  ];
  return list.filter((warper) => typeof warper === "function");
}

function removeWhere(scores: Scores, remove: (token: number) => boolean): void {
  for (let token = 0; token < scores.length; token++) if (remove(token)) scores[token] = -Infinity;
}

/** The `k`-th largest score. */
function kthLargest(scores: Scores, k: number): number {
  const top = topIndices(scores, Math.min(k, scores.length));
  return scores[top[top.length - 1]];
}

function temperature(value: number): Warper {
  return (scores) => {
    for (let i = 0; i < scores.length; i++) scores[i] /= value;
  };
}

/** TopKLogitsWarper: keeps the k best tokens, and others that are equal to the k-th. */
function topK(k: number, keep: number): Warper {
  return (scores) => {
    const least = kthLargest(scores, Math.max(k, keep));
    removeWhere(scores, (token) => scores[token] < least);
  };
}

/** TopPLogitsWarper (Holtzman et al. 2020): removes the least probable tokens, as long as their sum is at most 1 - p. */
function topP(p: number, keep: number): Warper {
  return (scores) => {
    const probabilities = softmax(scores);
    // Ascending and stable, as torch.sort: of equal tokens the lower id goes first.
    const ascending = Array.from(probabilities.keys()).sort((a, b) => scores[a] - scores[b] || a - b);
    let cumulative = 0;
    for (const token of ascending.slice(0, Math.max(0, ascending.length - keep))) {
      cumulative += probabilities[token];
      if (cumulative > 1 - p) return;
      scores[token] = -Infinity;
    }
  };
}

/** MinPLogitsWarper (Nguyen et al. 2024): removes tokens that are less probable than `p` times the most probable one. */
function minP(p: number, keep: number): Warper {
  return (scores) => {
    const probabilities = softmax(scores);
    const least = p * probabilities.reduce((max, x) => Math.max(max, x), 0);
    const kept = new Set(topIndices(scores, keep));
    removeWhere(scores, (token) => probabilities[token] < least && !kept.has(token));
  };
}

/**
 * TypicalLogitsWarper (Meister et al. 2022): keeps the tokens whose information, -log p, is nearest to the entropy, until their
 * probabilities add up to `mass`.
 */
function typicalP(mass: number, keep: number): Warper {
  return (scores) => {
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
  };
}

/** Removes tokens that are less probable than `bound`, but not the `keep` best and those equal to them. */
function cutOff(scores: Scores, bound: number, keep: number): void {
  const probabilities = softmax(scores);
  const least = kthLargest(scores, keep);
  removeWhere(scores, (token) => probabilities[token] < bound && scores[token] < least);
}

/** EpsilonLogitsWarper (Hewitt et al. 2022): removes tokens that are less probable than epsilon. */
function epsilonCutoff(epsilon: number, keep: number): Warper {
  return (scores) => cutOff(scores, epsilon, keep);
}

/** EtaLogitsWarper (Hewitt et al. 2022): the same with the bound min(epsilon, sqrt(epsilon) exp(-entropy)). */
function etaCutoff(epsilon: number, keep: number): Warper {
  return (scores) => {
    const entropy = entropyOf(scores);
    cutOff(scores, Math.min(epsilon, Math.sqrt(epsilon) * Math.exp(-entropy)), keep);
  };
}

/** TopHLogitsWarper: keeps the best of the first 100 tokens until their part of the entropy passes `share` of it. */
function topH(share: number): Warper {
  return (scores) => {
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
  };
}

function entropyOf(scores: Scores): number {
  if (maxOf(scores) === -Infinity) return 0;
  return softmax(scores).reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
}
