/**
 * Joins the tokens of chunks that overlap, or of whole windows, to text with times: `_decode_asr` of transformers, which its
 * pipeline calls. Texts wait until both strides are past; then `joinOverlaps` decides what is heard twice.
 */

import { LANGUAGES } from "../util/spoken-languages";
import { joinOverlaps, type Interval } from "./overlap";
import { round2 } from "./round";
import { TIME_PRECISION } from "./segments";
import type { TimedWord } from "./subtitles";
import { probabilityOf, wordsOf, type WordTokenizer } from "./words";

/** The tokens that mean something to speech. */
export interface SpeechTokenizer extends WordTokenizer {
  /** The token as in the vocabulary, such as "<|fr|>". */
  token(id: number): string;
  /** Start of the transcript. */
  readonly sot: number;
  /** What stands before tokens of earlier windows. */
  readonly startofprev: number;
  /** The token of 0.00 s: this one and those after it are timestamps. */
  readonly firstStamp: number;
}

/** What was decoded of a chunk. */
export interface ChunkTokens {
  tokens: readonly number[];
  /** Length, left and right stride in seconds; absent where the tokens are those of a whole sound. */
  stride?: readonly [length: number, left: number, right: number] | undefined;
  /** With words: the end of each token in seconds; it begins where the one before ends. */
  times?: readonly number[] | undefined;
  /** With words: how probable each token is among those of text. */
  probs?: readonly number[] | undefined;
  /** The language, by its English name in lower case, where it is known and no token says it. */
  language?: string | undefined;
}

/** A stretch of text; a word, where words are asked for. */
export interface TextChunk {
  /** With the space before it. */
  text: string;
  /** In seconds. null: the sound ends in the middle. Absent without timestamps. */
  timestamp?: [start: number | null, end: number | null];
  /** The English name in lower case, as transformers gives it; null where no token names one. */
  language?: string | null;
}

interface Options {
  timestamps: false | true | "word";
  /** Whether chunks say their language. */
  language: boolean;
  /** Steps of the timestamps in a window: 1500. */
  windowSteps?: number;
}

interface Open {
  language: string | null;
  start: number | null;
  end: number | null;
}

/** @returns the text, its chunks where timestamps or the language are asked for, and the words where tokens have probabilities */
export function joinChunks(
  tokenizer: SpeechTokenizer,
  outputs: readonly ChunkTokens[],
  { timestamps, language: withLanguage, windowSteps = 1500 }: Options,
): { text: string; chunks?: TextChunk[]; words?: TimedWord[] } {
  const { firstStamp, eot } = tokenizer;
  const words = timestamps === "word";
  const chunks: (Open & { text: string; words: TextChunk[] })[] = [];
  const probable: TimedWord[] = [];
  let lastLanguage: string | null = null;
  let open: Open = { language: null, start: null, end: null };
  let waiting: number[][] = [];
  let waitingTimes: Interval[][] = [];
  let current: number[] = [];
  let currentTimes: Interval[] = [];
  let offset = 0;
  let skip = false;
  let lastStamp: number | undefined;

  /** Text of another language is a chunk of its own, unless timestamps cut. */
  const speak = (name: string): void => {
    if (lastLanguage !== null && name !== lastLanguage && timestamps === false) {
      waiting.push(current);
      close(false);
    }
    open.language = lastLanguage = name;
  };

  /** What waits becomes a chunk, and a new one is opened. */
  const close = (timed = words): void => {
    const joined = joinOverlaps(waiting, timed ? waitingTimes : []);
    const text = withoutStamps(tokenizer.decode(joined.tokens));
    const found = wordsOf(tokenizer, timed ? joined.tokens : [], lastLanguage ?? undefined);
    const wordChunks = found.map(({ text, indices }): TextChunk => {
      const timestamp: [number, number] = [joined.times[indices[0]][0], joined.times[indices[indices.length - 1]][1]];
      return withLanguage ? { text, timestamp, language: lastLanguage } : { text, timestamp };
    });
    const probs = joined.times.map(([, , probability = NaN]) => probability);
    found.forEach((word, i) => {
      const [start, end] = wordChunks[i].timestamp as [number, number];
      probable.push({ text: word.text, start, end, probability: probabilityOf(word, probs) });
    });
    chunks.push({ ...open, text, words: wordChunks });
    [waiting, waitingTimes, current, currentTimes] = [[], [], [], []];
    open = { language: lastLanguage, start: null, end: null };
  };

  for (const { tokens: given, stride, times = [], probs = [], language } of outputs) {
    const tokens = withoutPrompt(given, tokenizer);
    let firstAllowed = firstStamp;
    lastStamp = undefined;
    const clock = createClock(windowSteps);
    if (stride) {
      const [length, left, right] = stride;
      offset -= left;
      if (left > 0) firstAllowed = left / TIME_PRECISION + firstStamp;
      // The first stamp of the right stride, and at any rate the last one of all, do not cut.
      if (right > 0) lastStamp = firstOfRightStride(tokens, firstStamp, length - right);
    }
    [current, currentTimes] = [[], []];
    if (language !== undefined) speak(language);
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i];
      if (token >= eot && token < firstStamp) {
        const name = LANGUAGES.get(tokenizer.token(token).slice(2, -2));
        if (name !== undefined) speak(name);
      } else if (token >= firstStamp) {
        const before = clock.passed(tokens, i, firstStamp);
        const time = round2((token - firstStamp) * TIME_PRECISION + offset + before);
        if (lastStamp !== undefined && token >= lastStamp) skip = true;
        else if (skip || (waiting.length > 0 && token < firstAllowed)) skip = false;
        else if (open.start === null) open.start = time;
        else if (time !== open.start) {
          open.end = time;
          waiting.push(current);
          waitingTimes.push(currentTimes);
          close();
        }
      } else {
        current.push(token);
        if (!words) continue;
        const interval = [round2((i === 0 ? 0 : times[i - 1]) + offset), round2(times[i] + offset)] as const;
        currentTimes.push([...interval, probs[i]]);
      }
    }
    if (stride) offset += stride[0] - stride[2];
    if (current.length > 0) {
      waiting.push(current);
      waitingTimes.push(currentTimes);
    } else if (!waiting.some((list) => list.length > 0)) {
      open = { language: lastLanguage, start: null, end: null };
      [waiting, waitingTimes, current, currentTimes] = [[], [], [], []];
    }
  }
  if (waiting.length > 0) close();

  const text = chunks.map((chunk) => chunk.text).join("");
  if (timestamps === false && !withLanguage) return { text };
  if (words) {
    const known = outputs.some(({ probs }) => probs);
    return { text, chunks: chunks.flatMap((chunk) => chunk.words), ...(known && { words: probable }) };
  }
  return {
    text,
    chunks: chunks.map(({ text, start, end, language }): TextChunk => ({
      ...(withLanguage ? { language } : {}),
      ...(timestamps ? { timestamp: [start, end] } : {}),
      text,
    })),
  };
}

/** A stamp that spells itself in text tokens is taken out of texts, too. */
const withoutStamps = (text: string): string => text.replace(/<\|(\d+\.\d+)\|>/g, "");

function withoutPrompt(tokens: readonly number[], { startofprev, sot }: SpeechTokenizer): readonly number[] {
  if (tokens[0] !== startofprev) return tokens;
  const start = tokens.indexOf(sot);
  return start < 0 ? [] : tokens.slice(start);
}

function firstOfRightStride(tokens: readonly number[], firstStamp: number, strideStart: number): number | undefined {
  let found: number | undefined;
  for (const token of [...tokens].reverse()) {
    if (token < firstStamp) continue;
    if (found !== undefined && (token - firstStamp) * TIME_PRECISION < strideStart) break;
    found = token;
  }
  return found;
}

/** Tokens of several windows in one list: where stamps fall back, the next window has begun. */
function createClock(windowSteps: number) {
  let latest = 0;
  let penultimate = 0;
  let passed = 0;
  return {
    /** Seconds of the windows before this stamp. */
    passed(tokens: readonly number[], i: number, firstStamp: number): number {
      const time = (tokens[i] - firstStamp) * TIME_PRECISION;
      if (time < latest) {
        const single = i >= 2 && !(tokens[i - 1] >= firstStamp && tokens[i - 2] >= firstStamp);
        if (single) passed += TIME_PRECISION * windowSteps;
        else {
          latest = penultimate;
          passed += penultimate;
        }
      }
      penultimate = latest;
      latest = time;
      return passed;
    },
  };
}
