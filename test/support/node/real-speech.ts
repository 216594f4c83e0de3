/** A real Whisper, tiny.en, and recorded speech, which lie beside the repository on some machines; what transformers says of them. For Node. */

import { existsSync, readFileSync } from "node:fs";
import { expect } from "vitest";
import { openSound } from "../../../src/audio/input";
import type { Transcription } from "../../../src/index";
import { CLIPS, clipFile, clipsAreHere } from "./audio";

export const REAL_MODEL = "../shared/models/whisper-tiny.en";

export const realIsHere = clipsAreHere && existsSync(`${REAL_MODEL}/model.safetensors`);
if (!realIsHere) console.log(`${REAL_MODEL} is not there: the tests with a real Whisper are skipped.`);

export type Segments = [start: number, end: number, tokens: number[]][];
/** What the pipeline answers, at the times of segments or words. */
export interface Piped {
  text: string;
  chunks: [text: string, start: number, end: number | null][];
}
export interface ClipGolden {
  mel: { sum: number; step: number; values: number[] };
  greedy: number[];
  segments: Segments;
  words: Piped;
  /** With its five beams. */
  pipeline: string;
  beams: Segments;
}

/** test/goldens/speech_real.py */
export const realGoldens = JSON.parse(readFileSync("test/goldens/speech_real.json", "utf8")) as {
  clips: Record<string, ClipGolden>;
  long: Record<"stamps" | "conditioned" | "prompt" | "thresholds", Segments> &
    Record<"words" | "chunked" | "chunked text" | "chunked words", Piped>;
  french: Segments;
};

export const clipPath = (name: string): string => `${CLIPS}/${name}`;

/** At 16 kHz. */
export async function clipSamples(name: string): Promise<Float32Array> {
  const sound = await openSound(clipFile(name), 16000);
  return sound.read(0, sound.length);
}

export function expectSegments({ segments }: Transcription, expected: Segments): void {
  expect(segments.map(({ start, end, tokens }) => [start, end, tokens])).toEqual(expected);
}

/** Seconds of a frame of the encoder: times of words may differ by as much. */
const FRAME = 0.02;

export function expectChunks({ text, chunks = [] }: Transcription, expected: Piped): void {
  expect(text).toBe(expected.text);
  expect(chunks.map((chunk) => chunk.text)).toEqual(expected.chunks.map(([word]) => word));
  chunks.forEach(({ timestamp: [start, end] = [null, null] }, i) => {
    const [, from, to] = expected.chunks[i];
    expect(Math.abs(start! - from)).toBeLessThan(FRAME + 1e-9);
    if (to === null) expect(end).toBeNull();
    else expect(Math.abs(end! - to)).toBeLessThan(FRAME + 1e-9);
  });
}
