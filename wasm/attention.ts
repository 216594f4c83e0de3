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
 * Rows of a cache are a power of two apart, so one head's keys fall on few lines of the cache. Where several queries
 * read them, key and value of a head are first copied side by side.
 */

import { dot, dotFour, dotTwoByFour } from "./dot";
import { loadPart, madd, storePart } from "./lanes";
import { scale as scaleRow } from "./rows";
import { exponentials, largest } from "./softmax";

/** From so many queries on, copying a head's keys and values costs less than it saves. */
const QUERIES_TO_COPY_FOR: i32 = 8;

/**
 * Lists the keys that a row of the batch sees, up to `last`: their positions and where their rows of the cache lie.
 * The key and value at a position before the newest may lie in another row, see `ancestors` in src/ops/ops.ts.
 */
function listKeys(
  positions: usize,
  places: usize,
  last: i32,
  mask: usize,
  cache: usize,
  cacheRow: i32,
  c: i32,
  rowBytes: usize,
  ancestors: usize,
  newest: i32,
  row: i32,
  b: i32,
): i32 {
  let n = 0;
  const table = ancestors + ((<usize>((newest & 1) * c * b + row)) << 2);
  for (let key = 0; key <= last; key++) {
    if (mask != 0 && i32.load(mask + ((<usize>key) << 2)) == 0) continue;
    const from = ancestors != 0 && key < newest ? i32.load(table + ((<usize>(key * b)) << 2)) : cacheRow;
    i32.store(positions + ((<usize>n) << 2), key);
    store<usize>(places + <usize>n * sizeof<usize>(), cache + <usize>(from * c + key) * rowBytes);
    n++;
  }
  return n;
}

/** Where entry j of a list of places points. */
function place(places: usize, j: i32): usize {
  return load<usize>(places + <usize>j * sizeof<usize>());
}

/** Copies one head's keys to `to` and its values behind them, and lists where. */
function copyHead(to: usize, copied: usize, places: usize, n: i32, key: usize, value: usize, width: usize): void {
  let values = to + <usize>n * width;
  for (let j = 0; j < n; j++) {
    const from = place(places, j);
    memory.copy(to, from + key, width);
    memory.copy(values, from + value, width);
    store<usize>(copied + <usize>j * sizeof<usize>(), to);
    to += width;
    values += width;
  }
}

function scoresOfOne(out: usize, q: usize, places: usize, offset: usize, n: i32, width: i32): void {
  let j = 0;
  for (; j + 4 <= n; j += 4) {
    const k0 = place(places, j) + offset;
    const k1 = place(places, j + 1) + offset;
    const k2 = place(places, j + 2) + offset;
    const k3 = place(places, j + 3) + offset;
    v128.store(out + ((<usize>j) << 2), dotFour(q, k0, k1, k2, k3, width));
  }
  for (; j < n; j++) f32.store(out + ((<usize>j) << 2), dot(q, place(places, j) + offset, width));
}

/** Of the first n keys; the second query may see more. */
function scoresOfTwo(
  out: usize,
  next: usize,
  q: usize,
  r: usize,
  places: usize,
  offset: usize,
  n: i32,
  width: i32,
): void {
  for (let j = 0; j < n; j += 4) {
    const k0 = place(places, j) + offset;
    const k1 = place(places, j + 1) + offset;
    const k2 = place(places, j + 2) + offset;
    const k3 = place(places, j + 3) + offset;
    dotTwoByFour(q, r, k0, k1, k2, k3, width, out + ((<usize>j) << 2), next + ((<usize>j) << 2));
  }
}

/** out = factor * sum over keys j of weights[j] v_j, for all `width` elements, sixteen at a time. */
function valuesOfOne(out: usize, weights: usize, factor: f32, places: usize, offset: usize, n: i32, width: i32): void {
  const f = f32x4.splat(factor);
  for (; width >= 16; width -= 16) {
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    for (let j = 0; j < n; j++) {
      const w = v128.load32_splat(weights + ((<usize>j) << 2));
      const v = place(places, j) + offset;
      a = madd(w, v128.load(v), a);
      b = madd(w, v128.load(v, 16), b);
      c = madd(w, v128.load(v, 32), c);
      d = madd(w, v128.load(v, 48), d);
    }
    v128.store(out, f32x4.mul(a, f));
    v128.store(out, f32x4.mul(b, f), 16);
    v128.store(out, f32x4.mul(c, f), 32);
    v128.store(out, f32x4.mul(d, f), 48);
    out += 64;
    offset += 64;
  }
  for (; width > 0; width -= 4) {
    const part = min(4, width);
    let a = f32x4.splat(0);
    for (let j = 0; j < n; j++) {
      const v = place(places, j) + offset;
      a = madd(v128.load32_splat(weights + ((<usize>j) << 2)), part == 4 ? v128.load(v) : loadPart(v, part), a);
    }
    a = f32x4.mul(a, f);
    if (part == 4) v128.store(out, a);
    else storePart(out, a, part);
    out += 16;
    offset += 16;
  }
}

/** The same for two queries with weights for the same n keys; `width` is a multiple of sixteen. */
function valuesOfTwo(
  out: usize,
  next: usize,
  weights: usize,
  other: usize,
  factor: f32,
  otherFactor: f32,
  places: usize,
  offset: usize,
  n: i32,
  width: i32,
): void {
  const f = f32x4.splat(factor);
  const g = f32x4.splat(otherFactor);
  for (; width > 0; width -= 16) {
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    let p = a;
    let q = a;
    let r = a;
    let s = a;
    for (let j = 0; j < n; j++) {
      const w = v128.load32_splat(weights + ((<usize>j) << 2));
      const x = v128.load32_splat(other + ((<usize>j) << 2));
      const v = place(places, j) + offset;
      let value = v128.load(v);
      a = madd(w, value, a);
      p = madd(x, value, p);
      value = v128.load(v, 16);
      b = madd(w, value, b);
      q = madd(x, value, q);
      value = v128.load(v, 32);
      c = madd(w, value, c);
      r = madd(x, value, r);
      value = v128.load(v, 48);
      d = madd(w, value, d);
      s = madd(x, value, s);
    }
    v128.store(out, f32x4.mul(a, f));
    v128.store(out, f32x4.mul(b, f), 16);
    v128.store(out, f32x4.mul(c, f), 32);
    v128.store(out, f32x4.mul(d, f), 48);
    v128.store(next, f32x4.mul(p, g));
    v128.store(next, f32x4.mul(q, g), 16);
    v128.store(next, f32x4.mul(r, g), 32);
    v128.store(next, f32x4.mul(s, g), 48);
    out += 64;
    next += 64;
    offset += 64;
  }
}

/** How many entries of the list are at or before a position. */
function countUpTo(positions: usize, n: i32, all: i32, position: i32): i32 {
  while (n < all && i32.load(positions + ((<usize>n) << 2)) <= position) n++;
  return n;
}

/** Bytes of `scratch` below. */
export function attentionScratch(c: i32, width: i32): usize {
  return <usize>c * (4 + 2 * sizeof<usize>() + 8 + 8 * <usize>width) + 64;
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
  for (let row = 0; row < b; row++) {
    const first = causalFrom != 0 ? i32.load(causalFrom + ((<usize>row) << 2)) : 0;
    const last = causalFrom != 0 ? min(first + t - 1, c - 1) : c - 1;
    const cacheRow = row / (b / cacheRows);
    const maskRow = mask != 0 ? mask + ((<usize>(cacheRow * c)) << 2) : 0;
    const all = listKeys(positions, places, last, maskRow, cache, cacheRow, c, inner << 1, ancestors, first, row, b);
    for (let head = firstHead; head < endHead; head++) {
      let keys = places;
      let key = <usize>head * headBytes;
      let value = key + inner;
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
