/**
 * Text of sound that is still coming in: what was heard is transcribed again and again, and words on which two runs agree are
 * final (LocalAgreement, agreement.ts). When the buffer is long, what is final is cut off it and becomes the prompt.
 */

import { SAMPLE_RATE } from "../audio/sound";
import { VoiceDetector } from "../audio/vad";
import { ModelError, quote } from "../errors";
import { Agreement } from "./agreement";
import { Heard } from "./heard";
import { NOT_LIVE, type LiveOptions } from "./live-options";
import { whisperSizes } from "./model";
import type { TranscribeOptions } from "./options";
import type { TimedText } from "./subtitles";
import { detectorOf, planOf, transcribe, type Speech } from "./transcribe";
import type { TranscriptionData } from "./transcription";

/** A piece of live text. */
export interface LiveText {
  /** With the space before it. */
  text: string;
  /** In seconds from the beginning of the stream. */
  start: number;
  /** In seconds. */
  end: number;
  /** Final text never changes. What is not final takes the place of the piece before that was not final either. */
  final: boolean;
}

const WHERE = "transcribeStreaming";
/** Beyond this, in seconds, the buffer is cut where it can be. */
const LONG = 15;
/** Beyond this it is cut at any rate: a window holds 30 s. */
const TOO_LONG = 28;
/** A segment may end this much after the last final word, in seconds. */
const TOLERANCE = 0.1;
/** Final words that end at most this much before the buffer are kept, in seconds: agreement compares with them. */
const KEPT = 5;
/** Final text that the next run is told of, in characters. */
const PROMPT = 200;
/** Tokens that a window begins with: start of the prompt, start, language, task, and one to be safe. */
const INITIAL = 5;

/** @throws ModelError; `signal.reason` once aborted. Leaving the loop stops the work. */
export async function* transcribeLive(
  speech: Speech,
  blocks: AsyncIterable<Float32Array>,
  { interval = 1, vad, ...options }: LiveOptions,
  signal?: AbortSignal,
): AsyncGenerator<LiveText, void, undefined> {
  if (speech.model.config.model_type !== "whisper") {
    const message = "transcribeStreaming: live text needs times of words, and this model has none.";
    throw new ModelError("unsupported_option", message, "Whisper has them.");
  }
  checkLiveOptions(speech, { ...options, interval });
  const detector = vad ? new VoiceDetector(await speech.vadWeights(detectorOf(vad))) : undefined;
  const heard = new Heard(detector);
  const source = blocks[Symbol.asyncIterator]();
  void heard.fill(source);
  const onAbort = (): void => heard.wakeUp();
  signal?.addEventListener("abort", onAbort);
  const agreement = new Agreement();
  /** The prompt of the next run ends with it. */
  let text = options.prompt ?? "";
  const finalPiece = (words: readonly TimedText[]): LiveText => {
    const piece = pieceOf(words, true);
    text += piece.text;
    return piece;
  };
  try {
    for (;;) {
      await heard.wait(interval * SAMPLE_RATE, signal);
      // More may come while the run is made.
      const { ended, isPaused, end } = heard;
      if (!ended && !heard.hasSpeech) {
        heard.cut(heard.end - SAMPLE_RATE);
        continue;
      }
      const offset = heard.start / SAMPLE_RATE;
      if (heard.hasSpeech && heard.end > heard.start) {
        const run = await transcribe(speech, heard.samples(), runOptions(speech, options, text), signal, WHERE);
        const { final, open } = agreement.push(wordsOf(run, offset));
        if (final.length > 0) yield finalPiece(final);
        if (open.length > 0) yield pieceOf(open, false);
        cutBehind(heard, agreement, run, offset);
      }
      if (ended || isPaused || end - heard.start > TOO_LONG * SAMPLE_RATE) {
        const rest = agreement.end();
        if (rest.length > 0) yield finalPiece(rest);
        if (ended) return;
        heard.cut(end);
      }
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
    heard.ended = true;
    // It may be waiting for sound that never comes.
    void source.return?.()?.catch(() => undefined);
  }
}

const pieceOf = (words: readonly TimedText[], final: boolean): LiveText => ({
  text: words.map((word) => word.text).join(""),
  start: words[0].start,
  end: words[words.length - 1].end,
  final,
});

/** @throws ModelError before any sound is waited for */
function checkLiveOptions(speech: Speech, { interval = 1, ...options }: LiveOptions): void {
  for (const [name, why] of Object.entries(NOT_LIVE)) {
    if ((options as Record<string, unknown>)[name] === undefined) continue;
    throw new ModelError("unsupported_option", `${WHERE}: ${name} is not supported: ${why}.`, "Use transcribe().");
  }
  if (typeof interval !== "number" || !(interval > 0 && interval < Infinity))
    throw new ModelError(
      "invalid_option",
      `${WHERE}: interval must be a number of seconds above 0, not ${quote(interval)}.`,
    );
  planOf(speech, options, WHERE);
}

/** Fast: one beam, and words where the model has them. */
function runOptions(speech: Speech, options: Omit<LiveOptions, "interval" | "vad">, text: string): TranscribeOptions {
  const { generation } = speech.model.config;
  const return_timestamps = generation.alignment_heads ? ("word" as const) : true;
  const { prompt: _, ...others } = options;
  const prompt_ids = options.prompt_ids ?? promptOf(speech, text, options.max_new_tokens);
  return { num_beams: 1, return_timestamps, ...others, ...(prompt_ids && { prompt_ids }) };
}

/** The end of the text, from a word on, as far as the decoder has positions for it. */
function promptOf({ model, tokenizer }: Speech, text: string, newTokens = 0): number[] | undefined {
  const end = text.slice(-PROMPT).replace(text.length > PROMPT ? /^\S*\s/ : "", "");
  if (end.trim() === "" || !tokenizer.speech) return undefined;
  const [start, ...tokens] = tokenizer.speech.promptIds(end);
  const { targetLength } = whisperSizes(model.config);
  const most = Math.min(Math.floor(targetLength / 2) - 1, targetLength - newTokens - INITIAL);
  return most > 0 ? [start, ...tokens.slice(-most)] : undefined;
}

/** The words of a run; where it has none, those of its segments, their time divided by characters. */
function wordsOf({ segments }: TranscriptionData, offset: number): TimedText[] {
  const words = segments.flatMap(({ words, text, start, end }): TimedText[] => {
    if (words) return words;
    const pieces = text.match(/\s*\S+/g) ?? [];
    let at = 0;
    return pieces.map((piece) => {
      const from = start + ((end - start) * at) / text.length;
      at += piece.length;
      return { text: piece, start: from, end: start + ((end - start) * at) / text.length };
    });
  });
  return words.map(({ text, start, end }) => ({ text, start: start + offset, end: end + offset }));
}

/** A long buffer loses its segments all of whose words are final. */
function cutBehind(heard: Heard, agreement: Agreement, { segments }: TranscriptionData, offset: number): void {
  if (heard.end - heard.start <= LONG * SAMPLE_RATE) return;
  const ends = segments.map(({ end }) => end + offset).filter((end) => end <= agreement.settled + TOLERANCE);
  const end = ends.at(-1);
  if (end !== undefined) heard.cut(Math.round(end * SAMPLE_RATE));
  agreement.recent(heard.start / SAMPLE_RATE - KEPT);
}
