/** Segments as they are returned: from tokens to text and words. */

import type { SpeechTokenizer, TextChunk } from "./join-chunks";
import { nameOf, type Opening } from "./opening";
import { round2 } from "./round";
import type { SpeechSegmentInfo } from "./transcription";
import type { SpeechSegment } from "./windows";
import { wordsOf } from "./words";

/** Segments must come in order: a word begins where the token before it ends. */
export function segmentMaker(tokenizer: SpeechTokenizer, opening: Opening, offset = 0) {
  let last = 0;
  return ({ start, end, tokens, times, from: _, ...scores }: SpeechSegment): SpeechSegmentInfo => {
    const isText = tokens.map((token) => token < tokenizer.eot);
    const text = tokens.filter((_, i) => isText[i]);
    const info: SpeechSegmentInfo = {
      start: start + offset,
      end: end + offset,
      text: tokenizer.decode(text),
      tokens,
      ...scores,
    };
    if (!times) return info;
    const intervals = times.map((time, i) => ({ start: i > 0 ? times[i - 1] : last, end: time }));
    last = times.at(-1) ?? last;
    const spoken = intervals.filter((_, i) => isText[i]);
    info.words = wordsOf(tokenizer, text, nameOf(opening.language)).map(({ text, indices }) => ({
      text,
      start: round2(spoken[indices[0]].start + offset),
      end: round2(spoken[indices[indices.length - 1]].end + offset),
    }));
    return info;
  };
}

/** Without tokens of their own: what several chunks have said. */
export function segmentsOfChunks(
  { text, chunks }: { text: string; chunks?: TextChunk[] },
  duration: number,
  timestamps: false | true | "word",
): SpeechSegmentInfo[] {
  if (timestamps === false || !chunks) return [{ start: 0, end: duration, text }];
  const timed = chunks.map(({ text, timestamp }) => {
    const [start, end] = timestamp ?? [null, null];
    return { text, start: start ?? 0, end: end ?? duration };
  });
  if (timestamps !== "word") return timed;
  if (timed.length === 0) return [];
  const segments: (SpeechSegmentInfo & { words: typeof timed })[] = [];
  for (const word of timed) {
    const last = segments.at(-1);
    // A sentence is a segment.
    if (last && !/[.!?。！？]$/.test(last.text.trim())) {
      last.words.push(word);
      last.text += word.text;
      last.end = word.end;
    } else segments.push({ ...word, words: [word] });
  }
  return segments;
}
