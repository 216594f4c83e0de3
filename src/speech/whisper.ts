/** A transcription by Whisper: window after window, in chunks that overlap, or stretch of speech after stretch. */

import { logMel, type LogMel } from "../audio/log-mel";
import { windowsAtPauses, type Span } from "../audio/speech-spans";
import type { Sound } from "../audio/sound";
import { chunksOf, type Chunk } from "./chunks";
import { joinChunks, type ChunkTokens, type TextChunk } from "./join-chunks";
import { runLoops } from "./lockstep";
import type { Opening } from "./opening";
import { segmentMaker, segmentsOfChunks } from "./segment-text";
import type { SpeechSegmentInfo, TranscribeStats } from "./transcription";
import { openWhisper, type Whisper, type WhisperCall } from "./whisper-call";
import { windowLoop, type SpeechSegment, type WindowDone } from "./windows";

/** What is done with a sound, and who is told. */
export interface Call extends WhisperCall {
  /** Stretches of speech, where they were looked for. */
  spans?: readonly Span[];
  onSegment?: (segment: SpeechSegmentInfo) => void;
  /** Is told samples that are done. */
  onProgress: (samples: number) => void;
}

/** Of a transcript, what the model decides. */
export interface Found {
  text: string;
  language?: string;
  language_probability?: number;
  chunks?: TextChunk[];
  segments: SpeechSegmentInfo[];
  stats: Pick<TranscribeStats, "windows" | "encoded" | "tokens">;
}

/** Transcribes sound at 16 kHz. */
export async function transcribeWhisper(sound: Sound, call: Call): Promise<Found> {
  const { chunk_length_s, stride_length_s } = call.plan.given;
  const isWhole = chunk_length_s === undefined && !call.spans;
  const whisper = openWhisper(call, isWhole ? sound.length : 0);
  if (call.spans) return inSpans(sound, call, whisper, windowsAtPauses(call.spans, whisper.windowSamples));
  if (chunk_length_s !== undefined) {
    const chunks = chunksOf(sound.length, sound.sampleRate, chunk_length_s, stride_length_s);
    return inChunks(sound, call, whisper, chunks);
  }
  return asWhole(sound, call, whisper);
}

/** One window after another; a sound that fits one window is filled up with zeros. */
async function asWhole(sound: Sound, call: Call, whisper: Whisper): Promise<Found> {
  const { settings, windowSamples, tokenizer, windowModel } = whisper;
  const isShort = sound.length <= windowSamples;
  const throwIfAborted = (): void => call.signal?.throwIfAborted();
  const mel = await logMel(sound, settings, isShort ? windowSamples : sound.length, throwIfAborted);
  const hop = settings.hop_length;
  const opening = whisper.begin();
  const toInfo = segmentMaker(tokenizer, opening);
  const found: SpeechSegmentInfo[] = [];
  const onWindow = ({ segments, seek }: WindowDone): void => {
    for (const segment of segments) {
      const info = toInfo(segment);
      found.push(info);
      call.onSegment?.(info);
    }
    call.onProgress(Math.min(sound.length, seek * hop));
  };
  const soundFrames = isShort ? framesOf(sound.length, hop) : mel.frames;
  const loop = windowLoop(mel, soundFrames, opening.initial, windowModel, whisper.options, onWindow);
  const [segments] = await runLoops([loop], 1, whisper.decode);
  const { text, chunks } = joinChunks(tokenizer, [whisper.spoken(segments, opening)], whisper.joinOptions);
  return { ...whisper.found(opening), text, ...(chunks && { chunks }), segments: found };
}

/** Chunks that overlap, several at a time; each is decoded as if it were alone. */
async function inChunks(sound: Sound, call: Call, whisper: Whisper, chunks: readonly Chunk[]): Promise<Found> {
  const { timestamps, settings, joinOptions } = whisper;
  const openings = chunks.map(() => whisper.begin());
  const loops = chunks.map(({ start, end, right }, i): Piece => {
    return { start, end, opening: openings[i], done: () => call.onProgress(end - right) };
  });
  const segments = await pieces(sound, call, whisper, loops);
  const seconds = (samples: number): number => samples / settings.sampling_rate;
  const outputs = segments.map((own, i): ChunkTokens => {
    const { start, end, left, right } = chunks[i];
    const stride = [seconds(end - start), seconds(left), seconds(right)] as const;
    return { ...whisper.spoken(own, openings[i]), stride };
  });
  const joined = joinChunks(whisper.tokenizer, outputs, joinOptions);
  const { text, chunks: parts } = joined;
  const found = segmentsOfChunks(joined, seconds(sound.length), timestamps);
  for (const segment of found) call.onSegment?.(segment);
  return { ...whisper.found(openings[0] ?? whisper.begin()), text, ...(parts && { chunks: parts }), segments: found };
}

/** Stretches of speech, several at a time; what is between them is not decoded. */
async function inSpans(sound: Sound, call: Call, whisper: Whisper, spans: readonly Span[]): Promise<Found> {
  const { settings, tokenizer, joinOptions } = whisper;
  const openings = spans.map(() => whisper.begin());
  const found: SpeechSegmentInfo[][] = [];
  const joined: ReturnType<typeof joinChunks>[] = [];
  let told = 0;
  const finish = (index: number, segments: readonly SpeechSegment[]): void => {
    const offset = spans[index].start / settings.sampling_rate;
    const toInfo = segmentMaker(tokenizer, openings[index], offset);
    found[index] = segments.map((segment) => toInfo(segment));
    const { text, chunks } = joinChunks(tokenizer, [whisper.spoken(segments, openings[index])], joinOptions);
    joined[index] = chunks ? { text, chunks: chunks.map((chunk) => shifted(chunk, offset)) } : { text };
    // Later stretches may be done first.
    for (; found[told]; told++) {
      for (const segment of found[told]) call.onSegment?.(segment);
      call.onProgress(spans[told].end);
    }
  };
  const loops = spans.map((span, i): Piece => {
    return { ...span, opening: openings[i], done: (segments) => finish(i, segments) };
  });
  await pieces(sound, call, whisper, loops);
  const withChunks = joinOptions.timestamps !== false || joinOptions.language;
  return {
    ...whisper.found(openings[0] ?? whisper.begin()),
    text: joined.map(({ text }) => text).join(""),
    ...(withChunks ? { chunks: joined.flatMap(({ chunks = [] }) => chunks) } : {}),
    segments: found.flat(),
  };
}

interface Piece extends Span {
  opening: Opening;
  done: (segments: readonly SpeechSegment[]) => void;
}

/** A loop for each piece of the sound, side by side. A piece has features of its own, and is cut at a window's length. */
function pieces(sound: Sound, call: Call, whisper: Whisper, list: readonly Piece[]): Promise<SpeechSegment[][]> {
  const { settings, windowSamples } = whisper;
  const loops = list.map(async function* ({ start, end, opening, done }) {
    call.signal?.throwIfAborted();
    const own: Sound = {
      sampleRate: sound.sampleRate,
      length: Math.min(end - start, windowSamples),
      read: (from, to) => sound.read(start + from, start + to),
    };
    const mel: LogMel = await logMel(own, settings, windowSamples);
    const frames = framesOf(own.length, settings.hop_length);
    const segments = yield* windowLoop(mel, frames, opening.initial, whisper.windowModel, whisper.options);
    done(segments);
    return segments;
  });
  return runLoops(loops, call.plan.batchSize, whisper.decode);
}

/** The sum of transformers' attention mask: frames that begin within the sound. */
const framesOf = (samples: number, hop: number): number => Math.ceil(samples / hop);

function shifted(chunk: TextChunk, offset: number): TextChunk {
  if (!chunk.timestamp) return chunk;
  const [start, end] = chunk.timestamp.map((time) => (time === null ? null : time + offset));
  return { ...chunk, timestamp: [start, end] };
}
