/** What the operations of src/ops/selection.ts compute. */

import type { ImplementationOf } from "../../ops/contract";
import { drawAt, SAMPLER } from "../../ops/sampling";
import type { Selection, selection as contract } from "../../ops/selection";
import { asFloats, rowsOf } from "../../tensor/tensor";
import { draw, logSumExp, softmax } from "../../util/distribution";
import { BANNED, LEAST } from "../../util/scores";
import { createWarpers, type Warpers } from "../../util/warpers";
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

/** Advances a selection by one token per row. `bestOf` says which token of a row is the best, and its log-probability. */
export function advanceSelection(
  { token, position, finished, history, logprobs, eos, pad }: Selection,
  bestOf: (row: number) => [index: number, logprob: number],
): void {
  const [, rows] = history.shape;
  for (let row = 0; row < rows; row++) {
    const at = u32(position)[row] * rows + row;
    const ended = u32(finished)[row] === 1;
    const [best, logprob] = bestOf(row);
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
  const read = Object.entries(SAMPLER).map(([name, at]) => [name, floats[at]]);
  const warpers = Object.fromEntries(read) as unknown as Warpers;
  // A 0 stands for those that are absent.
  return { ...warpers, topK: words[SAMPLER.topK], topH: warpers.topH || undefined, minP: warpers.minP || undefined };
}

/** @param pairs (J, 2): bits and index */
function drawCandidate(
  pairs: Uint32Array,
  warpers: ReturnType<typeof createWarpers>,
  u: number,
): [index: number, logprob: number] {
  const values = asFloats(pairs);
  const places = Array.from({ length: pairs.length / 2 }, (_, i) => i).sort(
    (a, b) => pairs[2 * a + 1] - pairs[2 * b + 1],
  );
  const scores = Float32Array.from(places, (i) => (values[2 * i] <= BANNED ? -Infinity : values[2 * i]));
  for (const warp of warpers) warp(scores);
  const drawn = draw(softmax(scores), u);
  return [pairs[2 * places[drawn] + 1], scores[drawn] - logSumExp(scores)];
}

export const selection: ImplementationOf<typeof contract> = {
  selectGreedy(logits, selection) {
    const [, width] = rowsOf(logits.shape);
    advanceSelection(selection, (row) => argmax(f32(logits), row * width, width));
  },

  sample(candidates, selection, sampler) {
    const [, count] = candidates.shape;
    const words = u32(sampler);
    const warpers = createWarpers(readWarpers(words), 1);
    const capacity = selection.history.shape[0];
    advanceSelection(selection, (row) => {
      const u = drawAt(words, row, u32(selection.position)[row], capacity);
      const pairs = u32(candidates).subarray(2 * row * count, 2 * (row + 1) * count);
      return drawCandidate(pairs, warpers, u);
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
