/** Segments as they are returned: from tokens to text and words. */

import type { SpeechTokenizer, TextChunk } from "./join-chunks";
import { nameOf, type Opening } from "./opening";
import { round2 } from "./round";
import { TIME_PRECISION } from "../util/timestamps";
import type { SpeechSegmentInfo } from "./transcription";
import type { SpeechSegment } from "./windows";
import type { TimedWord } from "./subtitles";
import { probabilityOf, wordsOf } from "./words";

/** Segments must come in order: a word begins where the token before it ends. */
export function segmentMaker(tokenizer: SpeechTokenizer, opening: Opening, offset = 0) {
  let last = 0;
  return (segment: SpeechSegment): SpeechSegmentInfo => {
    const { start, end, tokens, times, probs, alignment, from: _, ...scores } = segment;
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
    const textProbs = probs?.filter((_, i) => isText[i]);
    info.words = wordsOf(tokenizer, text, nameOf(opening.language)).map((word): TimedWord => {
      const { text, indices } = word;
      return {
        text,
        start: round2(spoken[indices[0]].start + offset),
        end: round2(spoken[indices[indices.length - 1]].end + offset),
        ...(textProbs && { probability: probabilityOf(word, textProbs) }),
      };
    });
    if (alignment) {
      const { skipped, start, ...others } = alignment;
      const labels = tokens.slice(skipped).map((token) => labelOf(tokenizer, token));
      info.alignment = { tokens: labels, ...others, start: start + offset };
    }
    return info;
  };
}

/** The text of one token; timestamps say their time in the window. */
const labelOf = (tokenizer: SpeechTokenizer, token: number): string => {
  const step = token - tokenizer.firstStamp;
  return step >= 0 ? `<|${(step * TIME_PRECISION).toFixed(2)}|>` : tokenizer.decode([token]);
};

/** Without tokens of their own: what several chunks have said. */
export function segmentsOfChunks(
  { text, chunks, words }: { text: string; chunks?: TextChunk[]; words?: TimedWord[] },
  duration: number,
  timestamps: false | true | "word",
): SpeechSegmentInfo[] {
  if (timestamps === false || !chunks) return [{ start: 0, end: duration, text }];
  const timed: TimedWord[] =
    words ??
    chunks.map(({ text, timestamp }) => {
      const [start, end] = timestamp ?? [null, null];
      return { text, start: start ?? 0, end: end ?? duration };
    });
  if (timestamps !== "word") return timed;
  const segments: (SpeechSegmentInfo & { words: TimedWord[] })[] = [];
  for (const word of timed) {
    const last = segments.at(-1);
    // A sentence is a segment.
    if (last && !/[.!?。！？]$/.test(last.text.trim())) {
      last.words.push(word);
      last.text += word.text;
      last.end = word.end;
    } else segments.push({ text: word.text, start: word.start, end: word.end, words: [word] });
  }
  return segments;
}
