/**
 * The best segmentation of a text under a unigram model (Kudo 2018, "Subword Regularization", section 3.2).
 *
 * sentencepiece (`EncodeOptimized` in unigram_model.cc) and the tokenizers library (`encode_optimized` of its unigram model)
 * use the same dynamic programme over end positions. They differ only in the precision of path scores, which decides between
 * paths that are nearly equal.
 */

import { NONE, Trie } from "./trie";

export interface UnigramTable {
  /** Pieces by their UTF-16 units; values are ids. */
  trie: Trie;
  /** Log probability of each id. */
  scores: Float64Array;
  unkId: number;
  unkScore: number;
  /** Precision of path scores: "float32" as in sentencepiece, "float64" as in the tokenizers library. */
  precision: "float32" | "float64";
}

/** One piece of the best path. */
export type Segment = { id: number; start: number; end: number };

/** At this score sentencepiece subtracts the best one from all, because 32-bit sums become coarse. */
const RESET = 100_000;

function rebase(best: Float32Array | Float64Array, starts: Int32Array, start: number, frontier: number): void {
  const offset = best[start];
  for (let i = start; i <= frontier; i++) if (i === start || starts[i] !== NONE) best[i] -= offset;
}

export function bestSegmentation(text: string, table: UnigramTable): Segment[] {
  const { trie, scores, unkId, unkScore, precision } = table;
  const size = text.length;
  const single = precision === "float32";
  const round = (score: number) => (single ? Math.fround(score) : score);
  // The best path that ends at each position: its score, its last piece and where that begins.
  const best = single ? new Float32Array(size + 1) : new Float64Array(size + 1);
  const ids = new Int32Array(size + 1);
  const starts = new Int32Array(size + 1).fill(NONE);

  let frontier = 0;
  const offer = (end: number, score: number, id: number, start: number): void => {
    if (end > frontier) frontier = end;
    if (starts[end] !== NONE && !(score > best[end])) return;
    best[end] = score;
    ids[end] = id;
    starts[end] = start;
  };

  for (let start = 0; start < size;) {
    const next = start + (text.codePointAt(start)! > 0xffff ? 2 : 1);
    if (single && Math.abs(best[start]) > RESET) rebase(best, starts, start, frontier);
    const before = best[start];
    let covered = false;
    for (let node = Trie.root, end = start; end < size;) {
      node = trie.child(node, text.charCodeAt(end++));
      if (node === NONE) break;
      const id = trie.value(node);
      if (id === NONE) continue;
      offer(end, round(scores[id] + before), id, start);
      if (end === next) covered = true;
    }
    if (!covered) offer(next, round(unkScore + before), unkId, start);
    start = next;
  }

  const path: Segment[] = [];
  for (let end = size; end > 0; end = starts[end]) path.push({ id: ids[end], start: starts[end], end });
  return path.reverse();
}
