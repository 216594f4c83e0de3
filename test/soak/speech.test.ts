/** A real Whisper, tiny.en, on every English clip, against transformers: features, tokens, beams, segments, words, long sound, chunks. */

import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Seq2Seq, Transcriber, type TranscribeOptions, type Transcription } from "../../src/index";
import {
  clipPath,
  clipSamples,
  expectChunks,
  expectSegments,
  REAL_MODEL,
  realGoldens,
  realIsHere,
} from "../support/node/real-speech";

const GREEDY = { num_beams: 1 } as const;
const THRESHOLDS = {
  ...{ compression_ratio_threshold: 1.35, logprob_threshold: -1, no_speech_threshold: 0.6 },
  temperature: [0, 0],
};
const LONG = "two_cities.wav";

/** Every WebAssembly memory that is made. */
const memories: WebAssembly.Memory[] = [];

describe.skipIf(!realIsHere)("tiny.en", () => {
  let transcriber: Transcriber;
  beforeAll(async () => {
    transcriber = await Transcriber.create({ model: REAL_MODEL, device: "wasm", onWarning: () => undefined });
  });
  afterAll(() => transcriber.destroy());

  const run = (clip: string, options: TranscribeOptions): Promise<Transcription> =>
    transcriber.transcribe(clipPath(clip), options);

  describe.each(Object.entries(realGoldens.clips))("%s", (clip, golden) => {
    test("segments and words", async () => {
      const found = await run(clip, { ...GREEDY, return_timestamps: "word" });
      expectChunks(found, golden.words);
      expectSegments(found, golden.segments);
      for (const { avg_logprob, no_speech_prob, compression_ratio, temperature } of found.segments) {
        expect(avg_logprob).toBeLessThan(0);
        expect(no_speech_prob).toBeGreaterThanOrEqual(0);
        expect(compression_ratio).toBeGreaterThan(0);
        expect(temperature).toBe(0);
      }
    });

    test("without timestamps", async () => {
      const { segments } = await run(clip, GREEDY);
      expect(segments.flatMap(({ tokens = [] }) => tokens)).toEqual(golden.greedy);
    });

    test("five beams", async () => {
      expectSegments(await run(clip, { num_beams: 5, return_timestamps: true }), golden.beams);
      // The pipeline's default.
      expect((await run(clip, {})).text).toBe(golden.pipeline);
    });
  });

  test.each<["stamps" | "conditioned" | "prompt" | "thresholds", TranscribeOptions]>([
    ["stamps", {}],
    ["conditioned", { condition_on_prev_tokens: true }],
    ["prompt", { condition_on_prev_tokens: true, prompt_ids: [50360, 314, 373, 262] }],
    ["thresholds", THRESHOLDS],
  ])("44 s, window after window: %s", async (label, options) => {
    const told: number[] = [];
    const seconds: number[] = [];
    const found = await run(LONG, {
      ...GREEDY,
      ...options,
      onSegment: ({ start }) => told.push(start),
      onProgress: (progress) => seconds.push(progress.seconds),
    });
    expectSegments(found, realGoldens.long[label]);
    expect(told).toEqual(found.segments.map(({ start }) => start));
    expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
    expect([seconds[0], seconds.at(-1)]).toEqual([0, found.duration]);
  });

  test.each<["words" | "chunked" | "chunked text" | "chunked words", TranscribeOptions]>([
    ["words", { return_timestamps: "word" }],
    ["chunked", { return_timestamps: true, chunk_length_s: 20, stride_length_s: 4 }],
    ["chunked text", { chunk_length_s: 15 }],
    ["chunked words", { return_timestamps: "word", chunk_length_s: 20 }],
  ])("44 s, as the pipeline: %s", async (label, options) => {
    expectChunks(await run(LONG, { ...GREEDY, ...options }), realGoldens.long[label]);
  });

  test("French, which the model does not know", async () => {
    const options = { ...GREEDY, return_timestamps: true, ...THRESHOLDS };
    expectSegments(await run("fleurs-fr-003.wav", options), realGoldens.french);
  });

  test("60 windows: what is live on the device and WebAssembly's memory are as after the first one", async () => {
    const Memory = WebAssembly.Memory;
    vi.stubGlobal("WebAssembly", {
      ...Object.fromEntries(
        Object.getOwnPropertyNames(WebAssembly).map((name) => [name, Reflect.get(WebAssembly, name)]),
      ),
      Memory: class extends Memory {
        constructor(descriptor: WebAssembly.MemoryDescriptor) {
          super(descriptor);
          memories.push(this);
        }
      },
    });
    const model = await Seq2Seq.load(REAL_MODEL, { device: "wasm", threads: 1, onWarning: () => undefined });
    vi.unstubAllGlobals();
    expect(memories).toHaveLength(1);
    const clip = await clipSamples(LONG);
    const sound = Float32Array.from({ length: 60 * 480_000 }, (_, i) => clip[i % clip.length]);
    const sizes: object[] = [];
    const { stats } = await (
      await Transcriber.create({ model })
    ).transcribe(sound, {
      // No end of a segment comes so soon, so each window begins where the one before ends.
      ...{ num_beams: 1, max_new_tokens: 6, return_timestamps: true },
      onProgress: ({ seconds }) => {
        if (seconds > 0) sizes.push({ ...model.memory(), memory: memories[0].buffer.byteLength });
      },
    });
    expect(stats.windows).toBeGreaterThanOrEqual(60);
    expect(sizes.length).toBeGreaterThanOrEqual(60);
    console.log("after the first window and the last:", JSON.stringify([sizes[0], sizes.at(-1)]));
    expect(new Set(sizes.map((each) => JSON.stringify(each))).size).toBe(1);
    await model.dispose();
    expect(Object.values(model.memory()).every((bytes) => bytes === 0)).toBe(true);
  });

  test("with voice detection silence is not decoded, and times are those of the sound", async () => {
    const speech = await clipSamples("jfk.wav");
    const sound = new Float32Array(16000 * 40 + speech.length);
    sound.set(speech, 16000 * 40);
    const found = await transcriber.transcribe(sound, { ...GREEDY, vad: true, return_timestamps: true });
    expect(found.stats.windows).toBe(1);
    expect(found.text.trim()).toMatch(/^And so my fellow Americans,? ask not what your country can do for you/);
    expect(found.segments[0].start).toBeGreaterThan(40);
    expect(found.segments.at(-1).end).toBeLessThan(found.duration + 1);
  });
});
