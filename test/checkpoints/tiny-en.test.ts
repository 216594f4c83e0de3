/**
 * The real whisper-tiny.en: the encoder's states, and the ids of greedy search and of beams on one clip, words on another, and the
 * features of all, as transformers has them. All of all clips: test/soak/speech.test.ts.
 */

import { existsSync, readFileSync, statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { windowFeatures, WHISPER_MEL } from "../../src/audio/log-mel";
import { Seq2Seq, Transcriber, type SpeechCall } from "../../src/index";
import { HOSTILE_TEXTS } from "../support/shared/hostile-texts";
import { Lcg } from "../support/shared/lcg";
import { clipPath, clipSamples, expectChunks, expectSegments, realGoldens } from "../support/node/real-speech";
import { worstOf } from "../support/node/vanilla";

const MODEL = "../shared/models/whisper-tiny.en";
const CLIP = "../shared/data/audio/jfk.wav";
/** Of scripts/pack-tiny-en.js. */
const PACKED = "demo/public/models/tiny-en";
const here = existsSync(MODEL) && existsSync(CLIP);
if (!here) console.log(`skipped: there is no ${MODEL} or no ${CLIP}`);

const golden = JSON.parse(readFileSync("test/goldens/tiny_en.json", "utf8")) as {
  step: number;
  states: number[];
  calls: Record<string, { options: SpeechCall; sequences: number[][]; token_probs: (number | null)[] }>;
};

/** 16 bits, one channel, 16 kHz. */
function samplesOf(file: Buffer): Float32Array {
  const start = file.indexOf("data") + 8;
  return Float32Array.from({ length: (file.length - start) >> 1 }, (_, i) => file.readInt16LE(start + 2 * i) / 32768);
}

describe.skipIf(!here)("whisper-tiny.en", () => {
  it("gives transformers' states and ids", async () => {
    const model = await Seq2Seq.load(MODEL, { device: "wasm", onWarning: () => undefined });
    const features = await windowFeatures(samplesOf(readFileSync(CLIP)), WHISPER_MEL);
    const { encoder_last_hidden_state: states } = await model.forward({
      input_features: features,
      decoder_input_ids: [50257, 50362],
    });
    const picked = golden.states.map((_, i) => states.data[i * golden.step]);
    expect(worstOf(picked, golden.states)).toBeLessThanOrEqual(1);
    for (const [name, { options, sequences, token_probs }] of Object.entries(golden.calls)) {
      const output = await model.generate({ input_features: features, ...options, return_token_probs: true });
      expect(output.sequences, name).toEqual(sequences);
      const [probs] = output.token_probs!;
      expect(probs.map(Number.isNaN), name).toEqual(token_probs.map((value) => value === null));
      expect(
        worstOf(
          probs.filter(Number.isFinite),
          token_probs.filter((value) => value !== null),
        ),
      ).toBeLessThan(1);
    }
    const transcriber = await Transcriber.create({ model });
    const options = { num_beams: 1, return_timestamps: "word" } as const;
    const found = await transcriber.transcribe(clipPath("x1.wav"), options);
    expectChunks(found, realGoldens.clips["x1.wav"].words);
    expectSegments(found, realGoldens.clips["x1.wav"].segments);
    await model.dispose();
  });

  it("writes the same with the weights that the demo has, in 8 bits, and with the same tokenizer in other files", async () => {
    const options = { device: "wasm", onWarning: () => undefined } as const;
    const [packed, original] = [await Seq2Seq.load(PACKED, options), await Seq2Seq.load(MODEL, options)];
    // The original keeps its halves.
    const { weights } = original.memory();
    expect(packed.memory().weights / weights).toBeCloseTo(9 / 16, 1);
    // Norms, biases, positions and the encoder's convolutions are floats.
    expect(weights).toBeLessThan(1.05 * statSync(`${MODEL}/model.safetensors`).size);
    const random = new Lcg(7);
    const lines = readFileSync("docs/transcribe.md", "utf8").split("\n").concat(HOSTILE_TEXTS);
    for (const line of lines)
      expect(await packed.tokenizer!.encode(line)).toEqual(await original.tokenizer!.encode(line));
    for (let i = 0; i < 200; i++) {
      const ids = Array.from({ length: 20 }, () => random.below(51864));
      expect(await packed.tokenizer!.decode(ids)).toBe(await original.tokenizer!.decode(ids));
    }
    const transcriber = await Transcriber.create({ model: packed });
    for (const [clip, { words }] of Object.entries(realGoldens.clips).slice(0, 2)) {
      const found = await transcriber.transcribe(clipPath(clip), { num_beams: 1, return_timestamps: "word" });
      expect(found.text, clip).toBe(words.text);
    }
    await packed.dispose();
    await original.dispose();
  });

  it.each(Object.entries(realGoldens.clips))("reads %s as transformers does", async (clip, { mel }) => {
    const { data } = await windowFeatures(await clipSamples(clip), WHISPER_MEL);
    mel.values.forEach((value, i) => expect(Math.abs(data[i * mel.step] - value)).toBeLessThan(5e-5));
    // torch's float32 is off by 1e-7 on average.
    expect(Math.abs(data.reduce((sum, value) => sum + value, 0) - mel.sum) / data.length).toBeLessThan(1e-6);
  });
});
