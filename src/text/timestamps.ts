/**
 * Timestamps among the tokens of Whisper: `_decode_with_timestamps` and `_compute_offsets` of transformers
 * (tokenization_whisper.py). Stamps fall where a window ends. Then time goes on by a whole window if a single stamp ended it, else
 * by the last stamp.
 */

import type { TextOffset } from "./tokenizer";

/** Seconds from stamp to stamp. */
const PRECISION = 0.02;
/** Stamps of a window of 30 s. */
const WINDOW = 1500;

/** @param first the token of 0.00 s: this one and all after it are stamps */
export function decodeWithTimestamps(
  ids: readonly number[],
  first: number,
  decode: (ids: readonly number[]) => string,
): string {
  const out: (string | number[])[] = [[]];
  let largest = 0;
  let before = 0;
  let penultimate = 0;
  ids.forEach((id, i) => {
    if (id < first) {
      (out[out.length - 1] as number[]).push(id);
      return;
    }
    const time = (id - first) * PRECISION;
    if (time < largest) {
      const isSingle = i >= 2 && !(ids[i - 1] >= first && ids[i - 2] >= first);
      if (isSingle) before += PRECISION * WINDOW;
      else {
        largest = penultimate;
        before += penultimate;
        out.splice(-2);
      }
    }
    penultimate = largest;
    largest = time;
    out.push(`<|${(time + before).toFixed(2)}|>`, []);
  });
  return out.map((part) => (typeof part === "string" ? part : part.length > 0 ? decode(part) : "")).join("");
}

export function offsetsOf(
  ids: readonly number[],
  first: number,
  decode: (ids: readonly number[]) => string,
): TextOffset[] {
  const places = ids.flatMap((id, i) => (id >= first ? [i] : []));
  // Where a stamp follows a stamp, a piece ends.
  const ends = places.filter((i) => i > 0 && ids[i - 1] >= first);
  if (ends.length === 0 && places.length <= 1) return [];
  const last = places[places.length - 1] + 1;
  if (!ends.includes(last)) ends.push(last);
  const offsets: TextOffset[] = [];
  let from = places[0];
  let largest = 0;
  let before = 0;
  for (const to of ends) {
    const piece = ids.slice(from, to);
    if (piece.length > 1) {
      const start = piece[0] - first;
      const end = piece[piece.length - 1] - first;
      if (start < largest) {
        const isSingle = from >= 2 && !(ids[from - 2] >= first && ids[from - 1] >= first);
        before += isSingle ? WINDOW : largest;
      }
      largest = end;
      const seconds = (steps: number): number => steps * PRECISION + before * PRECISION;
      offsets.push({ text: decode(piece), timestamp: [seconds(start), seconds(end)] });
    }
    from = to;
  }
  return offsets;
}
