/** What a transcription returns. */

import type { SegmentAlignment } from "./alignment";
import type { TextChunk } from "./join-chunks";
import { toSRT, toText, toTSV, toVTT, type SubtitleOptions, type TimedWord } from "./subtitles";

/** A stretch of the sound and what is said in it. */
export interface SpeechSegmentInfo {
  /** In seconds. */
  start: number;
  /** In seconds. */
  end: number;
  /** With the space that the model writes before it. */
  text: string;
  /** Token ids, timestamps among them. Absent with `chunk_length_s`, where segments are joined of several chunks. */
  tokens?: number[];
  /** The average of the natural logarithms of the probabilities of the tokens of its window. */
  avg_logprob?: number;
  /** The probability that there is no speech in its window. */
  no_speech_prob?: number;
  /** Length of its window's tokens to their length under zlib. */
  compression_ratio?: number;
  /** At which its window was decoded. */
  temperature?: number;
  /** With `return_timestamps: "word"`. */
  words?: TimedWord[];
  /** With `return_alignment`: how the model attended to the sound while it wrote this. */
  alignment?: SegmentAlignment;
}

/** What it cost. */
export interface TranscribeStats {
  /** Windows that were decoded, each temperature counted. */
  windows: number;
  /** Windows that the encoder read: another temperature reads none again. */
  encoded: number;
  /** Tokens that were generated. */
  tokens: number;
  /** Seconds from call to result. */
  seconds: number;
  /** Seconds of sound per second of work. */
  real_time_factor: number;
}

/** The fields of a transcript. */
export interface TranscriptionData {
  /** All that is said. */
  text: string;
  /** The code of the language, "fr"; undefined where the model knows one language only. */
  language?: string;
  /** Its probability, where the model has detected it. */
  language_probability?: number;
  /** Of the sound, in seconds. */
  duration: number;
  /** As transformers' pipeline gives them: segments, or words; absent without timestamps. */
  chunks?: TextChunk[];
  /** Segment by segment. */
  segments: SpeechSegmentInfo[];
  /** What it cost. */
  stats: TranscribeStats;
}

/* eslint-disable @typescript-eslint/no-unsafe-declaration-merging, @typescript-eslint/no-empty-object-type --
   the constructor gives it the fields */
/** A transcript; see {@link TranscriptionData}. */
export interface Transcription extends TranscriptionData {}

/** A transcript, which can be written as subtitles. */
export class Transcription {
  /* eslint-enable */
  /** @param data becomes its fields */
  constructor(data: TranscriptionData) {
    Object.assign(this, data);
  }

  /** SubRip subtitles. */
  toSRT(options?: SubtitleOptions): string {
    return toSRT(this.segments, options);
  }

  /** WebVTT subtitles. */
  toVTT(options?: SubtitleOptions): string {
    return toVTT(this.segments, options);
  }

  /** A table of start, end (in milliseconds) and text. */
  toTSV(): string {
    return toTSV(this.segments);
  }

  /** A line for each segment. */
  toText(): string {
    return toText(this.segments);
  }

  /** For `JSON.stringify`: the fields of OpenAI's verbose_json, and those of this class but `alignment` and `stats`. */
  toJSON(): Record<string, unknown> {
    const { text, language, language_probability, duration, chunks, segments } = this;
    const numbered = segments.map(({ alignment: _, ...segment }, id) => ({ id, ...segment }));
    const words = segments.flatMap((segment) => segment.words ?? []);
    const spoken = words.length > 0 ? { words: words.map(({ text, ...times }) => ({ word: text, ...times })) } : {};
    return { text, language, language_probability, duration, segments: numbered, ...spoken, chunks };
  }
}
