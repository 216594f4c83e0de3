/**
 * Joins the tokens of chunks that overlap, or of whole windows, to text with times: `_decode_asr` of transformers, which its
 * pipeline calls. Texts wait until both strides are past; then `joinOverlaps` decides what is heard twice.
 */

import { LANGUAGES } from "../util/spoken-languages";
import { joinOverlaps, type Interval, type Joined } from "./overlap";
import { round2 } from "./round";
import { TIME_PRECISION } from "../util/timestamps";
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

/** @returns the text, its chunks where timestamps or the language are asked for, and the words where tokens have probabilities */
export function joinChunks(
  tokenizer: SpeechTokenizer,
  outputs: readonly ChunkTokens[],
  options: Options,
): { text: string; chunks?: TextChunk[]; words?: TimedWord[] } {
  const joiner = new ChunkJoiner(tokenizer, options);
  for (const output of outputs) joiner.push(output);
  return joiner.end();
}

/** Text tokens that stand together, and with words the interval of each. */
interface Piece {
  tokens: number[];
  times: Interval[];
}

/** A stretch of text that is complete. */
interface Closed {
  text: string;
  start: number | null;
  end: number | null;
  language: string | null;
  /** With words. */
  words: TimedWord[];
}

/** Stamps from `first` on and before `last` may cut. The others lie in a stride, which a neighbour has heard as well. */
interface Bounds {
  first: number;
  last: number;
}

/** Reads the tokens of one output after the other, and closes a chunk at each timestamp that ends one. */
class ChunkJoiner {
  private readonly closed: Closed[] = [];
  private language: string | null = null;
  /** Of the chunk that is open, in seconds. */
  private start: number | null = null;
  /** Pieces of the open chunk, each of which overlaps the one before. */
  private waiting: Piece[] = [];
  /** The piece that is being read. */
  private current: Piece = { tokens: [], times: [] };
  /** Where the output begins, in seconds. */
  private offset = 0;
  /** A stamp of the right stride was read: the next one that may cut does not. */
  private skipsNext = false;
  private hasProbabilities = false;

  constructor(
    private readonly tokenizer: SpeechTokenizer,
    private readonly options: Options,
  ) {}

  push({ tokens: given, stride = [0, 0, 0], times = [], probs, language }: ChunkTokens): void {
    const { firstStamp, eot } = this.tokenizer;
    const tokens = withoutPrompt(given, this.tokenizer);
    const [length, left, right] = stride;
    this.offset -= left;
    const bounds: Bounds = {
      first: left / TIME_PRECISION + firstStamp,
      last: right > 0 ? firstOfRightStride(tokens, firstStamp, length - right) : Infinity,
    };
    const clock = createClock(this.options.windowSteps ?? 1500);
    this.hasProbabilities ||= probs !== undefined;
    this.current = { tokens: [], times: [] };
    if (language !== undefined) this.speak(language);
    tokens.forEach((token, i) => {
      if (token >= firstStamp) this.readStamp(token, clock.passed(tokens, i, firstStamp), bounds);
      else if (token >= eot) this.readSpecial(token);
      else this.readText(token, i === 0 ? 0 : times[i - 1], times[i], probs?.[i]);
    });
    this.offset += length - right;
    if (this.current.tokens.length > 0) this.waiting.push(this.current);
    else if (this.waiting.every((piece) => piece.tokens.length === 0)) this.open();
  }

  end(): { text: string; chunks?: TextChunk[]; words?: TimedWord[] } {
    if (this.waiting.length > 0) this.close(null);
    const { closed, hasProbabilities } = this;
    const { timestamps, language: withLanguage } = this.options;
    const text = closed.map((chunk) => chunk.text).join("");
    if (timestamps === false && !withLanguage) return { text };
    if (timestamps === "word") {
      const chunks = closed.flatMap(({ words, language }) =>
        words.map(({ text, start, end }): TextChunk => {
          return { text, timestamp: [start, end], ...(withLanguage ? { language } : {}) };
        }),
      );
      return { text, chunks, ...(hasProbabilities && { words: closed.flatMap((chunk) => chunk.words) }) };
    }
    const chunks = closed.map(({ text, start, end, language }): TextChunk => ({
      ...(withLanguage ? { language } : {}),
      ...(timestamps ? { timestamp: [start, end] } : {}),
      text,
    }));
    return { text, chunks };
  }

  private readText(token: number, start: number, end: number, probability?: number): void {
    const { tokens, times } = this.current;
    tokens.push(token);
    if (this.options.timestamps !== "word") return;
    times.push([round2(start + this.offset), round2(end + this.offset), probability]);
  }

  private readSpecial(token: number): void {
    const language = LANGUAGES.get(this.tokenizer.token(token).slice(2, -2));
    if (language !== undefined) this.speak(language);
  }

  /** @param before seconds of the windows of this output that are past */
  private readStamp(token: number, before: number, { first, last }: Bounds): void {
    const time = round2((token - this.tokenizer.firstStamp) * TIME_PRECISION + this.offset + before);
    if (token >= last) this.skipsNext = true;
    else if (this.skipsNext || (this.waiting.length > 0 && token < first)) this.skipsNext = false;
    else if (this.start === null) this.start = time;
    else if (time !== this.start) {
      this.waiting.push(this.current);
      this.close(time);
    }
  }

  /** Text of another language is a chunk of its own, unless timestamps cut. */
  private speak(language: string): void {
    if (this.language !== null && language !== this.language && this.options.timestamps === false) {
      this.waiting.push(this.current);
      this.close(null);
    }
    this.language = language;
  }

  /** What waits becomes a chunk, and a new one is opened. */
  private close(end: number | null): void {
    const { waiting, start, language } = this;
    const withWords = this.options.timestamps === "word";
    const joined = joinOverlaps(
      waiting.map((piece) => piece.tokens),
      withWords ? waiting.map((piece) => piece.times) : [],
    );
    const text = withoutStamps(this.tokenizer.decode(joined.tokens));
    this.closed.push({ text, start, end, language, words: withWords ? this.wordsOf(joined) : [] });
    this.open();
  }

  private open(): void {
    this.start = null;
    this.waiting = [];
    this.current = { tokens: [], times: [] };
  }

  private wordsOf({ tokens, times }: Joined): TimedWord[] {
    const probs = times.map(([, , probability = NaN]) => probability);
    return wordsOf(this.tokenizer, tokens, this.language ?? undefined).map((word) => {
      const [start] = times[word.indices[0]];
      const [, end] = times[word.indices[word.indices.length - 1]];
      return { text: word.text, start, end, probability: probabilityOf(word, probs) };
    });
  }
}

/** A stamp that spells itself in text tokens is taken out of texts, too. */
const withoutStamps = (text: string): string => text.replace(/<\|(\d+\.\d+)\|>/g, "");

function withoutPrompt(tokens: readonly number[], { startofprev, sot }: SpeechTokenizer): readonly number[] {
  if (tokens[0] !== startofprev) return tokens;
  const start = tokens.indexOf(sot);
  return start < 0 ? [] : tokens.slice(start);
}

/** The first stamp of the right stride, and at any rate the last one of all; Infinity without stamps. */
function firstOfRightStride(tokens: readonly number[], firstStamp: number, strideStart: number): number {
  let found = Infinity;
  for (const token of [...tokens].reverse()) {
    if (token < firstStamp) continue;
    if (found !== Infinity && (token - firstStamp) * TIME_PRECISION < strideStart) break;
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
