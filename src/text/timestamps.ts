/**
 * Timestamps among the tokens of Whisper: `_decode_with_timestamps` and `_compute_offsets` of transformers
 * (tokenization_whisper.py). Times are counted from the start of a window, so a timestamp that is smaller than the one before it
 * belongs to a new window. That window begins where the last one ended: after 30 s, or at a pair of timestamps before that.
 */

import { TIME_PRECISION } from "../util/timestamps";
import type { TextOffset } from "./tokenizer";

/** Timestamps of a window of 30 s. */
const WINDOW = 1500;

/** Whether no pair of timestamps comes right before index `i`: then the window before it has its whole length. */
const endsWholeWindow = (ids: readonly number[], i: number, first: number): boolean =>
  i >= 2 && !(ids[i - 1] >= first && ids[i - 2] >= first);

/**
 * Text with its timestamps in it: "<|0.00|> Hello.<|1.08|>".
 * @param first the token of 0.00 s: this one and all after it are timestamps
 */
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
    const time = (id - first) * TIME_PRECISION;
    if (time < largest) {
      if (endsWholeWindow(ids, i, first)) before += TIME_PRECISION * WINDOW;
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

/** The pieces of text between timestamps, with the times of both. */
export function offsetsOf(
  ids: readonly number[],
  first: number,
  decode: (ids: readonly number[]) => string,
): TextOffset[] {
  const places = ids.flatMap((id, i) => (id >= first ? [i] : []));
  // Where a timestamp follows a timestamp, a piece ends.
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
        before += endsWholeWindow(ids, from, first) ? WINDOW : largest;
      }
      largest = end;
      const seconds = (steps: number): number => steps * TIME_PRECISION + before * TIME_PRECISION;
      offsets.push({ text: decode(piece), timestamp: [seconds(start), seconds(end)] });
    }
    from = to;
  }
  return offsets;
}
