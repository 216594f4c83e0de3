/**
 * Scaled dot-product attention, softmax(q k^T * scale + bias) v, in heads of width Dh side by side.
 *
 *   query  (B, T, I), I = H Dh      cache  (B / G, C, 2I), key then value in a row      out  (B, T, I)
 *
 * For a row of the batch: list the visible keys once; then, for each head and two queries at a time, the scores of all
 * visible keys (tiles of two by four), exp(score - largest) with its sum, and the weighted sum of the values. All scores
 * of two queries fit into the first-level cache, so the largest is known before the values are read and nothing has to be
 * scaled again, as an online softmax would. What is masked is never read.
 *
 * A few queries that all see the same keys, as in a step of decoding, go to attention_streams.ts.
 *
 * Rows of a cache are a power of two apart, so one head's keys fall on few lines of the cache. Where several queries
 * read them, key and value of a head are first copied side by side. Many queries of the same keys go to attention_tiled.ts.
 */

import { scoresOfOne, scoresOfTwo, valuesOfOne, valuesOfTwo } from "./attention_rows";
import { attendStreams } from "./attention_streams";
import { attendTiled, KEYS_TO_TILE, QUERIES_TO_TILE, tiledScratch } from "./attention_tiled";
import { copyHead, countUpTo, listKeys } from "./keys";
import { scale as scaleRow } from "./rows";
import { exponentials, largest } from "./softmax";

/** From so many queries on, copying a head's keys and values costs less than it saves. */
const QUERIES_TO_COPY_FOR: i32 = 8;

/** From so many keys on, reading them once for several queries saves more than tiles of two queries by four keys. */
const KEYS_TO_STREAM: i32 = 256;

/** Bytes of `scratch` below. */
export function attentionScratch(c: i32, width: i32): usize {
  return <usize>c * (4 + 2 * sizeof<usize>()) + max(<usize>c * (8 + 8 * <usize>width), tiledScratch(c, width)) + 64;
}

/**
 * @param mask (B / G, C) u32, or 0
 * @param causalFrom (B) u32, or 0
 * @param table (buckets, H), or 0; `buckets` (2 far + 1) u32
 * @param ancestors (2, C, B) u32, or 0
 * @param before how many keys before its own position a query sees, at most, and `after` how many after it; -1: all keys
 * @param endHead heads `firstHead` to `endHead` - 1 are computed; `scratch` is for these alone
 * @param weights where not 0, the softmax itself goes there, (B, H, T, C), and `out` is left alone
 */
export function attention(
  out: usize,
  weights: usize,
  query: usize,
  cache: usize,
  mask: usize,
  causalFrom: usize,
  table: usize,
  buckets: usize,
  far: i32,
  ancestors: usize,
  b: i32,
  t: i32,
  c: i32,
  cacheRows: i32,
  heads: i32,
  width: i32,
  scale: f32,
  before: i32,
  after: i32,
  firstHead: i32,
  endHead: i32,
  scratch: usize,
): void {
  const windowed = before >= 0;
  const headBytes = (<usize>width) << 2;
  const inner = <usize>heads * headBytes; // bytes of a row of the query, and from a key to its value
  const positions = scratch;
  const places = (positions + ((<usize>c) << 2) + 7) & ~7;
  const copied = places + <usize>c * sizeof<usize>();
  const scores = copied + <usize>c * sizeof<usize>();
  const otherScores = scores + ((<usize>c) << 2);
  const copies = otherScores + ((<usize>c) << 2);
  const copying = t >= QUERIES_TO_COPY_FOR;
  const tileable = t >= QUERIES_TO_TILE && weights == 0 && causalFrom == 0 && table == 0 && !windowed;
  const streaming =
    (t == 1 || (causalFrom == 0 && c >= KEYS_TO_STREAM)) &&
    4 * t * heads * (c + 1) <= c * (8 + 8 * width) && // room in `scratch`
    !copying &&
    weights == 0 &&
    table == 0 &&
    !windowed;
  for (let row = 0; row < b; row++) {
    const first = causalFrom != 0 ? i32.load(causalFrom + ((<usize>row) << 2)) : 0;
    const last = causalFrom != 0 ? min(first + t - 1, c - 1) : c - 1;
    const cacheRow = row / (b / cacheRows);
    const maskRow = mask != 0 ? mask + ((<usize>(cacheRow * c)) << 2) : 0;
    const all = listKeys(positions, places, last, maskRow, cache, cacheRow, c, inner << 1, ancestors, first, row, b);
    if (streaming) {
      const from = <usize>row * <usize>t * inner;
      attendStreams(out + from, query + from, inner, t, places, all, firstHead, endHead, width, scale, scores);
      continue;
    }
    for (let head = firstHead; head < endHead; head++) {
      let keys = places;
      let key = <usize>head * headBytes;
      let value = key + inner;
      if (tileable && all >= KEYS_TO_TILE) {
        const from = <usize>row * <usize>t * inner + <usize>head * headBytes;
        attendTiled(out + from, query + from, inner, t, places, all, key, value, width, scale, scores);
        continue;
      }
      if (copying) {
        copyHead(copies, copied, places, all, key, value, headBytes);
        keys = copied;
        key = 0;
        value = <usize>all * headBytes;
      }
      const bias = table != 0 ? table + ((<usize>head) << 2) : 0;
      let n = causalFrom != 0 ? 0 : all;
      // With a window: the keys before it, and those up to its end.
      let skipped = 0;
      let end = 0;
      // Two queries see different windows.
      for (let i = 0; i < t; i += windowed ? 1 : 2) {
        const two = !windowed && i + 1 < t;
        const position = first + i;
        if (windowed) {
          skipped = countUpTo(positions, skipped, all, position - before - 1);
          end = countUpTo(positions, max(end, skipped), all, position + after);
          n = end - skipped;
        }
        const seen = positions + ((<usize>skipped) << 2);
        const held = keys + <usize>skipped * sizeof<usize>();
        if (causalFrom != 0) n = countUpTo(positions, n, all, position);
        const more = causalFrom != 0 && two ? countUpTo(positions, n, all, position + 1) : n;
        const q = query + <usize>(row * t + i) * inner + <usize>head * headBytes;
        const r = q + inner;
        const together = two ? n & ~3 : 0;
        if (two) {
          scoresOfTwo(scores, otherScores, q, r, held, key, together, width);
          const rest = (<usize>together) << 2;
          scoresOfOne(otherScores + rest, r, held + <usize>together * sizeof<usize>(), key, more - together, width);
        }
        const rest = (<usize>together) << 2;
        scoresOfOne(scores + rest, q, held + <usize>together * sizeof<usize>(), key, n - together, width);
        const factor = softmaxOf(scores, n, scale, seen, position, bias, heads, buckets, far);
        const otherFactor = two
          ? softmaxOf(otherScores, more, scale, seen, position + 1, bias, heads, buckets, far)
          : 0;
        if (weights != 0) {
          const to = weights + ((<usize>(((row * heads + head) * t + i) * c)) << 2);
          scatter(to, c, scores, seen, n, factor);
          if (two) scatter(to + ((<usize>c) << 2), c, otherScores, seen, more, otherFactor);
          continue;
        }
        const to = out + <usize>(row * t + i) * inner + <usize>head * headBytes;
        // What only the second query sees is never multiplied by a zero weight of the first.
        const common = two && n == more ? width & ~15 : 0;
        if (common > 0) {
          valuesOfTwo(to, to + inner, scores, otherScores, factor, otherFactor, held, value, n, common);
        }
        const done = (<usize>common) << 2;
        valuesOfOne(to + done, scores, factor, held, value + done, n, width - common);
        if (two) valuesOfOne(to + inner + done, otherScores, otherFactor, held, value + done, more, width - common);
      }
    }
  }
}

/**
 * Scores to score * scale + table[bucket of the distance][head], and these to exp(score - largest). Returns one over their
 * sum; 0 for a query without keys.
 */
function softmaxOf(
  scores: usize,
  n: i32,
  scale: f32,
  positions: usize,
  position: i32,
  table: usize,
  heads: i32,
  buckets: usize,
  far: i32,
): f32 {
  if (n == 0) return 0;
  if (table == 0) scaleRow(scores, scale, n);
  for (let j = 0; table != 0 && j < n; j++) {
    const at = (<usize>j) << 2;
    const distance = max(-far, min(far, i32.load(positions + at) - position));
    const bucket = i32.load(buckets + ((<usize>(distance + far)) << 2));
    f32.store(scores + at, f32.load(scores + at) * scale + f32.load(table + ((<usize>(bucket * heads)) << 2)));
  }
  return <f32>(1 / exponentials(scores, scores, n, largest(scores, n)));
}

/** Weights to their keys' places in a row of `c`, zeros between. */
function scatter(to: usize, c: i32, scores: usize, positions: usize, n: i32, factor: f32): void {
  memory.fill(to, 0, (<usize>c) << 2);
  for (let j = 0; j < n; j++) {
    const key = <usize>i32.load(positions + ((<usize>j) << 2));
    f32.store(to + (key << 2), f32.load(scores + ((<usize>j) << 2)) * factor);
  }
}
