/**
 * How many bytes zlib makes of a short input at level 6, without making them: Whisper's compression ratio is compared with a
 * threshold, so the length has to be exact, and the compressors of browsers and of Node differ from zlib in some inputs.
 * This follows deflate.c (`deflate_slow`, `longest_match`) and trees.c of zlib, names included. One block only.
 */

import { invariant } from "../errors";

/** Level 6: a match of `GOOD` shortens the search, one of `LAZY` ends the look at the next place, one of `NICE` ends the search. */
const [GOOD, LAZY, NICE, CHAIN] = [8, 16, 128, 128];
const [MIN_MATCH, MAX_MATCH, TOO_FAR] = [3, 258, 4096];
/** A block of zlib has fewer symbols. */
const MOST = 16383;
const [LITERALS, END_BLOCK, LENGTH_CODES] = [256, 256, 29];
const [LIT_CODES, DIST_CODES, BL_CODES] = [LITERALS + 1 + LENGTH_CODES, 30, 19];
const EXTRA_LENGTH = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const EXTRA_DIST = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
const EXTRA_BL = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 7];
/** The order in which the lengths of the code for code lengths are written. */
const BL_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** The first length, or distance, of each code. */
const starts = (extra: readonly number[]): number[] => {
  let at = 0;
  return extra.map((bits) => (at += 2 ** bits) - 2 ** bits);
};
const LENGTH_STARTS = starts(EXTRA_LENGTH);
const DIST_STARTS = starts(EXTRA_DIST);

const lengthCode = (length: number): number =>
  // The longest match has a code of its own.
  length === MAX_MATCH - MIN_MATCH
    ? LENGTH_CODES - 1
    : LENGTH_STARTS.findLastIndex((start, i) => i < 28 && start <= length);
const distCode = (distance: number): number => DIST_STARTS.findLastIndex((start) => start <= distance);

/** Bits of a literal or length in the fixed code. */
const fixedBits = (code: number): number => (code < 144 ? 8 : code < 256 ? 9 : code < 280 ? 7 : 8);

/** Length of `zlib.compress(bytes)`: two bytes of header, the block, four of checksum. */
export function deflateLength(bytes: Uint8Array): number {
  invariant(bytes.length < MOST, "deflateLength: more than one block");
  const { literals, distances, extraBits } = tally(bytes);
  const lit = huffman(literals, 15);
  const dist = huffman(distances, 15);
  const dynamic = lit.bits + dist.bits + extraBits + codeLengthBits(lit.lengths, dist.lengths);
  const fixed = literals.reduce((sum, count, code) => sum + count * fixedBits(code), 0);
  const fixedTotal = fixed + distances.reduce((sum, count) => sum + 5 * count, 0) + extraBits;
  const best = Math.min(inBytes(3 + dynamic), inBytes(3 + fixedTotal));
  const stored = bytes.length + 4;
  return 2 + (stored <= best ? 1 + stored : best) + 4;
}

const inBytes = (bits: number): number => Math.ceil(bits / 8);

/** How often each symbol occurs, and the bits that follow them. */
function tally(bytes: Uint8Array) {
  const literals = new Array<number>(LIT_CODES).fill(0);
  const distances = new Array<number>(DIST_CODES).fill(0);
  let extraBits = 0;
  literals[END_BLOCK] = 1;
  const literal = (at: number): void => void literals[bytes[at]]++;
  const match = (distance: number, length: number): void => {
    const [l, d] = [lengthCode(length - MIN_MATCH), distCode(distance - 1)];
    literals[LITERALS + 1 + l]++;
    distances[d]++;
    extraBits += EXTRA_LENGTH[l] + EXTRA_DIST[d];
  };
  matches(bytes, literal, match);
  return { literals, distances, extraBits };
}

/** `deflate_slow`: a match is taken unless the one at the next place is longer. */
function matches(
  bytes: Uint8Array,
  literal: (at: number) => void,
  match: (distance: number, length: number) => void,
): void {
  const n = bytes.length;
  // Comparisons may run past the end, where there are zeros.
  const window = new Uint8Array(n + MAX_MATCH + 1);
  window.set(bytes);
  const head = new Int32Array(1 << 15);
  const prev = new Int32Array(n);
  /** Enters the three bytes at a place; returns where their hash was seen last. 0 is never: zlib cannot say place 0. */
  const insert = (at: number): number => {
    const hash = ((window[at] << 10) ^ (window[at + 1] << 5) ^ window[at + 2]) & 0x7fff;
    prev[at] = head[hash];
    head[hash] = at;
    return prev[at];
  };
  let matchLength = MIN_MATCH - 1;
  let matchStart = 0;
  let available = false;

  const longest = (from: number, at: number, prevLength: number): number => {
    const lookahead = n - at;
    let chain = prevLength >= GOOD ? CHAIN >> 2 : CHAIN;
    const nice = Math.min(NICE, lookahead);
    let best = prevLength;
    for (let current = from; current > 0 && chain > 0; current = prev[current], chain--) {
      if (window[current + best] !== window[at + best] || window[current + best - 1] !== window[at + best - 1])
        continue;
      let length = 0;
      while (length < MAX_MATCH && window[current + length] === window[at + length]) length++;
      if (length > best) {
        matchStart = current;
        best = length;
        if (length >= nice) break;
      }
    }
    return Math.min(best, lookahead);
  };

  let at = 0;
  while (at < n) {
    const seen = n - at >= MIN_MATCH ? insert(at) : 0;
    const prevLength = matchLength;
    const prevMatch = matchStart;
    matchLength = MIN_MATCH - 1;
    if (seen > 0 && prevLength < LAZY) {
      matchLength = longest(seen, at, prevLength);
      if (matchLength === MIN_MATCH && at - matchStart > TOO_FAR) matchLength = MIN_MATCH - 1;
    }
    if (prevLength >= MIN_MATCH && matchLength <= prevLength) {
      match(at - 1 - prevMatch, prevLength);
      const end = at - 1 + prevLength;
      for (at++; at < end; at++) if (at <= n - MIN_MATCH) insert(at);
      available = false;
      matchLength = MIN_MATCH - 1;
    } else {
      if (available) literal(at - 1);
      available = true;
      at++;
    }
  }
  if (available) literal(n - 1);
}

interface Code {
  /** Of each symbol up to the last that occurs. */
  lengths: number[];
  /** Of all occurrences together. */
  bits: number;
}

/** `build_tree` and `gen_bitlen`: a Huffman code, with the same choice among equals. */
function huffman(counts: readonly number[], most: number, extra: readonly number[] = []): Code {
  const freq = [...counts];
  const heap: number[] = [];
  let lastCode = -1;
  freq.forEach((count, code) => {
    if (count === 0) return;
    heap.push(code);
    lastCode = code;
  });
  // A code has at least two symbols.
  const forced = new Set<number>();
  while (heap.length < 2) {
    const code = lastCode < 2 ? ++lastCode : 0;
    freq[code] = 1;
    forced.add(code);
    heap.push(code);
  }
  const depth = freq.map(() => 0);
  const parent: number[] = [];
  const smaller = (a: number, b: number): boolean => freq[a] < freq[b] || (freq[a] === freq[b] && depth[a] <= depth[b]);
  const sink = (from: number): void => {
    const node = heap[from];
    let at = from;
    for (let child = 2 * at + 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && smaller(heap[child + 1], heap[child])) child++;
      if (smaller(node, heap[child])) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = node;
  };
  for (let i = (heap.length >> 1) - 1; i >= 0; i--) sink(i);

  /** In the order in which they leave the heap: the rarest first. */
  const sorted: number[] = [];
  do {
    const first = heap[0];
    heap[0] = heap.pop()!;
    sink(0);
    const second = heap[0];
    sorted.push(first, second);
    const node = freq.length;
    freq.push(freq[first] + freq[second]);
    depth.push(Math.max(depth[first], depth[second]) + 1);
    parent[first] = parent[second] = node;
    heap[0] = node;
    sink(0);
  } while (heap.length >= 2);
  const root = heap[0];

  const length: number[] = [];
  const perLength = new Array<number>(most + 1).fill(0);
  let overflow = 0;
  length[root] = 0;
  for (const node of [...sorted].reverse()) {
    length[node] = length[parent[node]] + 1;
    if (length[node] > most) {
      length[node] = most;
      overflow++;
    }
    if (node < counts.length) perLength[length[node]]++;
  }
  if (overflow > 0) shorten(perLength, overflow, most, sorted, counts.length, length);

  const lengths = Array.from({ length: lastCode + 1 }, (_, code) => (freq[code] > 0 ? length[code] : 0));
  const bits = lengths.reduce(
    (sum, n, code) => sum + (forced.has(code) ? 0 : freq[code]) * (n + (extra[code] ?? 0)),
    0,
  );
  return { lengths, bits };
}

/** Codes that are too long are put beside shorter ones, and the lengths are dealt out again, the longest to the rarest. */
function shorten(
  perLength: number[],
  overflow: number,
  most: number,
  sorted: readonly number[],
  symbols: number,
  length: number[],
): void {
  for (let left = overflow; left > 0; left -= 2) {
    let bits = most - 1;
    while (perLength[bits] === 0) bits--;
    perLength[bits]--;
    perLength[bits + 1] += 2;
    perLength[most]--;
  }
  const rarestFirst = sorted.filter((node) => node < symbols);
  let at = 0;
  for (let bits = most; bits > 0; bits--) for (let i = 0; i < perLength[bits]; i++) length[rarestFirst[at++]] = bits;
}

/** `scan_tree` and `build_bl_tree`: bits that say which codes a dynamic block has. */
function codeLengthBits(lit: readonly number[], dist: readonly number[]): number {
  const counts = new Array<number>(BL_CODES).fill(0);
  for (const lengths of [lit, dist]) {
    for (let at = 0; at < lengths.length;) {
      const length = lengths[at];
      let run = 1;
      while (lengths[at + run] === length) run++;
      at += run;
      runs(length, run, counts);
    }
  }
  const code = huffman(counts, 7, EXTRA_BL);
  const written = BL_ORDER.findLastIndex((symbol) => (code.lengths[symbol] ?? 0) > 0) + 1;
  return code.bits + 3 * Math.max(4, written) + 5 + 5 + 4;
}

/** The symbols for `run` equal lengths: 16 repeats the one before 3 to 6 times, 17 and 18 are 3 to 10 and 11 to 138 zeros. */
function runs(length: number, run: number, counts: number[]): void {
  let left = run;
  if (length !== 0) {
    counts[length]++;
    left--;
  }
  const most = length === 0 ? 138 : 6;
  while (left > 0) {
    const part = Math.min(left, most);
    if (part < 3) counts[length] += part;
    else if (length !== 0) counts[16]++;
    else counts[part <= 10 ? 17 : 18]++;
    left -= part;
  }
}
