/**
 * An hour of sound by a tiny random Whisper, whose windows are 1 s: memory of the device and of JavaScript is the same after the first
 * minutes and at the end (ATTENDANT_SOAK_MINUTES=2 for two minutes, the fewest). As a stream of blocks through `transcribeStreaming`, and as a file, of which pieces are read.
 */

import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { wavHeader } from "../../src/audio/wav-writer";
import { Seq2Seq, Transcriber } from "../../src/index";
import { heldBytes } from "../support/node/garbage";
import { signal } from "../support/shared/signal";
import { tinyWhisper } from "../support/shared/tiny-whisper";

const RATE = 16000;
const MINUTES = Number(process.env.ATTENDANT_SOAK_MINUTES ?? 60);
const MIB = 2 ** 20;
/** What a run works with, and a transcript of 3,600 segments. An hour's features would be 115 MB, its samples 230 MB. */
const SLACK = 16 * MIB;

/** Bytes of objects and of array buffers. */
function held(): number {
  const { heap, arrays } = heldBytes();
  return heap + arrays;
}

/** A minute of sound, over and over. */
const minute = signal(60 * RATE, 7);
/** Seconds of a block of the stream. */
const BLOCK = 15;

async function load(): Promise<Seq2Seq> {
  const read = async (file: string) => new Uint8Array(await readFile(`test/goldens/speech/whisper/${file}`));
  return Seq2Seq.load(await tinyWhisper(read), { device: "wasm", threads: 1, onWarning: () => undefined });
}

const OPTIONS = { language: "en", num_beams: 1, max_new_tokens: 8 } as const;

/** @param least how many samples there are after the first one */
function expectFlat(name: string, samples: readonly { device: string; heap: number }[], least: number): void {
  expect(samples.length).toBeGreaterThan(least);
  const [first, ...others] = samples;
  const last = others[others.length - 1];
  console.log(`${name}: ${(first.heap / MIB).toFixed(1)} MiB at first, ${(last.heap / MIB).toFixed(1)} MiB at the end`);
  expect(new Set(samples.map(({ device }) => device)).size).toBe(1);
  expect(Math.max(...others.map(({ heap }) => heap)) - first.heap).toBeLessThan(SLACK);
}

it(`${MINUTES} minutes as a stream`, async () => {
  const model = await load();
  const transcriber = await Transcriber.create({ model });
  const samples: { device: string; heap: number }[] = [];
  let pieces = 0;
  const blocks = async function* (): AsyncGenerator<Float32Array, void, undefined> {
    for (let from = 0; from < 60 * MINUTES; from += BLOCK) {
      // Until the buffer was full once, there are more sessions.
      if (from >= 60) samples.push({ device: JSON.stringify(model.memory()), heap: held() });
      const known = pieces;
      yield minute.slice((from % 60) * RATE, ((from % 60) + BLOCK) * RATE);
      // The next block comes when there is text of this one, as a microphone's does.
      for (let turns = 0; turns < 100 && pieces === known; turns++)
        await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const live = { ...OPTIONS, max_new_tokens: 4, interval: BLOCK };
  for await (const { text } of transcriber.transcribeStreaming(blocks(), live)) pieces += Number(text !== "");
  expect(pieces).toBeGreaterThan(MINUTES);
  expectFlat("stream", samples, (60 * (MINUTES - 1)) / BLOCK - 1);
  await model.dispose();
});

it(`${MINUTES} minutes as a file`, async () => {
  const model = await load();
  const transcriber = await Transcriber.create({ model });
  const words = new Int16Array(60 * RATE * MINUTES);
  for (let i = 0; i < words.length; i++) words[i] = 32767 * Math.max(-1, Math.min(1, minute[i % minute.length]));
  const header = wavHeader(words.byteLength, RATE);
  const samples: { device: string; heap: number }[] = [];
  let next = 60;
  const { stats, duration } = await transcriber.transcribe(new Blob([header, words]), {
    ...OPTIONS,
    return_timestamps: "word",
    onProgress: ({ seconds }) => {
      if (seconds < next) return;
      next += 60;
      samples.push({ device: JSON.stringify(model.memory()), heap: held() });
    },
  });
  expect(duration).toBe(60 * MINUTES);
  expect(stats.windows).toBeGreaterThanOrEqual(60 * MINUTES);
  // What grows is the transcript.
  expectFlat("file", samples, MINUTES - 2);
  await model.dispose();
});
