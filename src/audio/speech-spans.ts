/** From probabilities of speech to stretches of it: `get_speech_timestamps` of silero-vad, and windows cut at pauses. */

import { SAMPLE_RATE } from "./sound";
import { VAD_FRAME } from "./vad";

/** Samples from `start` to before `end`. */
export interface Span {
  start: number;
  end: number;
}

/** When speech begins and ends, with the names of silero-vad. */
export interface VadOptions {
  /** The detector's weights: their file, or its address. Default: the file of this package. */
  model?: string | URL | Blob;
  /** Speech begins at this probability. Default 0.5. */
  threshold?: number;
  /** It ends below this one. Default: `threshold` - 0.15, at least 0.01. */
  neg_threshold?: number;
  /** It ends once it has been silent for so long. Default 100. */
  min_silence_duration_ms?: number;
  /** What is shorter is dropped. Default 250. */
  min_speech_duration_ms?: number;
  /** Sound that is kept before and after speech. Default 30. */
  speech_pad_ms?: number;
}

/** Samples of a millisecond. */
const PER_MS = SAMPLE_RATE / 1000;

/**
 * @param probabilities of frames of 512 samples at 16 kHz
 * @param length of the sound in samples
 */
export function speechSpans(probabilities: ArrayLike<number>, length: number, options: VadOptions = {}): Span[] {
  const { threshold = 0.5, min_silence_duration_ms = 100, min_speech_duration_ms = 250, speech_pad_ms = 30 } = options;
  const quiet = options.neg_threshold ?? Math.max(threshold - 0.15, 0.01);
  const spans: Span[] = [];
  let start: number | undefined;
  let end: number | undefined;
  const close = (at: number): void => {
    if (start !== undefined && at - start > min_speech_duration_ms * PER_MS) spans.push({ start, end: at });
    start = end = undefined;
  };
  for (let i = 0; i < probabilities.length; i++) {
    const at = i * VAD_FRAME;
    const probability = probabilities[i];
    if (probability >= threshold) {
      end = undefined;
      start ??= at;
    } else if (probability < quiet && start !== undefined) {
      end ??= at;
      if (at - end >= min_silence_duration_ms * PER_MS) close(end);
    }
  }
  close(length);
  return padded(spans, length, speech_pad_ms * PER_MS);
}

/** Two spans that are close share what is between them. */
function padded(spans: readonly Span[], length: number, pad: number): Span[] {
  return spans.map(({ start, end }, i) => {
    const before = i > 0 ? start - spans[i - 1].end : Infinity;
    const after = i < spans.length - 1 ? spans[i + 1].start - end : Infinity;
    return {
      start: before < 2 * pad ? start - Math.floor(before / 2) : Math.floor(Math.max(0, start - pad)),
      end: after < 2 * pad ? end + Math.floor(after / 2) : Math.floor(Math.min(length, end + pad)),
    };
  });
}

/** Silence of this length is not put into a window: 2 s. */
const LONG_SILENCE = 2000 * PER_MS;

/**
 * Windows of at most `most` samples, cut at pauses. Speech without a pause that is longer is cut where it has to be.
 * @returns windows in order; between them there is no speech
 */
export function windowsAtPauses(spans: readonly Span[], most: number): Span[] {
  const windows: Span[] = [];
  for (const span of spans) {
    const last = windows.at(-1);
    if (last && span.end - last.start <= most && span.start - last.end < LONG_SILENCE) last.end = span.end;
    else
      for (let start = span.start; start < span.end; start += most)
        windows.push({ start, end: Math.min(span.end, start + most) });
  }
  return windows;
}
