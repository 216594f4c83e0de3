/** What the operations of src/ops/selection.ts compute. */

import type { ImplementationOf } from "../../ops/contract";
import { drawAt, SAMPLER } from "../../ops/sampling";
import type { Selection, selection as contract } from "../../ops/selection";
import { asFloats, rowsOf } from "../../tensor/tensor";
import { drawFrom } from "../../util/distribution";
import { mapValues } from "../../util/map-values";
import { LEAST, withoutBanned } from "../../util/scores";
import { createWarpers, type Warper, type Warpers } from "../../util/warpers";
import { processRows } from "./logits-processors";
import { f32, u32 } from "./tensors";

/** The index of the largest value (the first of equals) and its log-probability. */
function argmax(logits: Float32Array, from: number, width: number): [index: number, logprob: number] {
  let best = 0;
  for (let c = 1; c < width; c++) if (logits[from + c] > logits[from + best]) best = c;
  let total = 0;
  for (let c = 0; c < width; c++) total += Math.exp(logits[from + c] - logits[from + best]);
  return [best, -Math.log(total)];
}

/** out (k, 2): bits and index of the k largest of `count` values, largest first, of equals the lowest index. */
export function largest(out: Uint32Array, k: number, count: number, valueOf: (index: number) => number): void {
  const values = asFloats(out);
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const value = Math.max(LEAST, valueOf(i));
    if (kept === k && value <= values[2 * k - 2]) continue;
    let at = kept < k ? kept++ : k - 1;
    for (; at > 0 && values[2 * at - 2] < value; at--) out.copyWithin(2 * at, 2 * at - 2, 2 * at);
    values[2 * at] = value;
    out[2 * at + 1] = i;
  }
}

/**
 * Advances a selection by one token per row. `bestOf` says which token of a row is the best, and its log-probability; a row for which it
 * does not know stays where it is.
 */
export function advanceSelection(
  { token, position, finished, history, logprobs, eos, pad }: Selection,
  bestOf: (row: number) => [index: number, logprob: number] | undefined,
): void {
  const [, rows] = history.shape;
  for (let row = 0; row < rows; row++) {
    const at = u32(position)[row] * rows + row;
    const ended = u32(finished)[row] === 1;
    const found = bestOf(row);
    if (!found && !ended) continue;
    const [best, logprob] = found ?? [pad, 0];
    const chosen = ended ? pad : best;
    u32(history)[at] = chosen;
    f32(logprobs)[at] = ended ? 0 : logprob;
    u32(token)[row] = chosen;
    u32(position)[row]++;
    if (u32(eos).includes(chosen)) u32(finished)[row] = 1;
  }
}

function readWarpers(words: Uint32Array): Warpers {
  const floats = asFloats(words);
  const warpers = mapValues(SAMPLER, (at) => floats[at]);
  // A 0 stands for those that are absent.
  return { ...warpers, topK: words[SAMPLER.topK], topH: warpers.topH || undefined, minP: warpers.minP || undefined };
}

/** @param pairs (J, 2): bits and index */
function drawCandidate(pairs: Uint32Array, warpers: readonly Warper[], u: number): [index: number, logprob: number] {
  const values = asFloats(pairs);
  const places = Array.from({ length: pairs.length / 2 }, (_, i) => i).sort(
    (a, b) => pairs[2 * a + 1] - pairs[2 * b + 1],
  );
  const scores = Float32Array.from(places, (i) => withoutBanned(values[2 * i]));
  for (const warp of warpers) warp(scores);
  const [drawn, logprob] = drawFrom(scores, u);
  return [pairs[2 * places[drawn] + 1], logprob];
}

/**
 * From all logits of a row. Undefined where the first warper that removes something leaves a token that is not above the last
 * candidate.
 * @param last the index of that candidate
 * @param first how many warpers come up to the first that removes something
 */
function drawAbove(
  logits: Float32Array,
  last: number,
  warpers: readonly Warper[],
  first: number,
  u: number,
): [index: number, logprob: number] | undefined {
  const scores = logits.map(withoutBanned);
  for (const warp of warpers.slice(0, first)) warp(scores);
  const isLeft = (score: number, token: number): boolean => score > -Infinity && logits[token] <= logits[last];
  if (scores.some(isLeft)) return undefined;
  for (const warp of warpers.slice(first)) warp(scores);
  return drawFrom(scores, u);
}

export const selection: ImplementationOf<typeof contract> = {
  selectGreedy(logits, selection) {
    const [, width] = rowsOf(logits.shape);
    advanceSelection(selection, (row) => argmax(f32(logits), row * width, width));
  },

  sample(candidates, selection, sampler, logits) {
    const [, count] = candidates.shape;
    const words = u32(sampler);
    const given = readWarpers(words);
    const warpers = createWarpers(given, 1);
    const first = given.temperature === 1 ? 1 : 2;
    const capacity = selection.history.shape[0];
    advanceSelection(selection, (row) => {
      const u = drawAt(words, row, u32(selection.position)[row], capacity);
      const pairs = u32(candidates).subarray(2 * row * count, 2 * (row + 1) * count);
      if (!logits) return drawCandidate(pairs, warpers, u);
      const width = logits.shape[2];
      return drawAbove(f32(logits).subarray(row * width, (row + 1) * width), pairs[2 * count - 1], warpers, first, u);
    });
  },

  processLogits: processRows,

  topK(y, x, k) {
    const [rows, width] = rowsOf(x.shape);
    const values = f32(x);
    for (let row = 0; row < rows; row++) {
      largest(u32(y).subarray(row * k * 2, (row + 1) * k * 2), k, width, (i) => values[row * width + i]);
    }
  },
};
