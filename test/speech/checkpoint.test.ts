/** Transcriptions by a tiny random Whisper: what they cost, and what their windows are judged by. */

import { readFile } from "node:fs/promises";
import { afterEach, expect, test, vi } from "vitest";
import type { MelFeatures } from "../../src/audio/log-mel";
import {
  Seq2Seq,
  Transcriber,
  type GenerationConfig,
  type Source,
  type SpeechOptions,
  type TranscribeOptions,
} from "../../src/index";
import type { Ops, Plan } from "../../src/ops/ops";
import { windowDecoder } from "../../src/speech/decode";
import type { SpeechModel } from "../../src/speech/model";
import { signal } from "../support/shared/signal";
import { tinyWhisper } from "../support/shared/tiny-whisper";

/** How often each plan ran, by its label. */
const runs = vi.hoisted(() => new Map<string, number>());

vi.mock("../../src/backends/cpu/backend", async (original) => {
  const backend: { createCpuBackend: (...given: unknown[]) => Ops } = await original();
  const counting = (ops: Ops): Ops => {
    const labels = new Map<Plan, string>();
    return {
      ...ops,
      async record(label, body) {
        const plan = await ops.record(label, body);
        labels.set(plan, label);
        return plan;
      },
      submit(plans, wanted) {
        for (const plan of plans) runs.set(labels.get(plan)!, (runs.get(labels.get(plan)!) ?? 0) + 1);
        return ops.submit(plans, wanted);
      },
    };
  };
  return { ...backend, createCpuBackend: (...given: unknown[]) => counting(backend.createCpuBackend(...given)) };
});

const folder = (changes = {}): Promise<Source> => {
  const read = async (file: string) => new Uint8Array(await readFile(`test/goldens/speech/whisper/${file}`));
  return tinyWhisper(read, changes);
};
const load = async (changes = {}, device: Seq2Seq["device"] = "cpu"): Promise<Seq2Seq> =>
  Seq2Seq.load(await folder(changes), { device, onWarning: () => undefined });

afterEach(() => runs.clear());

const SECOND = 16000;

test.each<[string, TranscribeOptions]>([
  ["window after window", { return_timestamps: true }],
  ["with the times of words", { return_timestamps: "word" }],
  ["with thresholds", { return_timestamps: true, logprob_threshold: -9, no_speech_threshold: 0.9 }],
  ["in chunks", { chunk_length_s: 1, batch_size: 1 }],
])("each window is encoded once: %s", async (_, options) => {
  const model = await load();
  const transcriber = await Transcriber.create({ model });
  const given = { language: "en", num_beams: 2, max_new_tokens: 12, ...options };
  const { stats, segments } = await transcriber.transcribe(signal(3.5 * SECOND, 7), given);
  expect(stats.windows).toBeGreaterThan(2);
  expect(segments.length).toBeGreaterThan(0);
  expect(runs.get("encode")).toBe(stats.windows);
  expect(runs.get("forward")).toBeUndefined();
  await model.dispose();
});

test("the language is detected by one more pass for a whole sound", async () => {
  const model = await load();
  const transcriber = await Transcriber.create({ model });
  const options = { return_timestamps: true, num_beams: 1, max_new_tokens: 12 };
  const { stats, language, language_probability } = await transcriber.transcribe(signal(3.5 * SECOND, 7), options);
  expect([runs.get("encode"), runs.get("forward")]).toEqual([stats.windows, 1]);
  expect(["en", "zh", "de", "fr", "yue"]).toContain(language);
  expect(language_probability).toBeGreaterThan(0.2);
  await model.dispose();
});

test("without a token of silence in the files, windows have their log-probability alone", async () => {
  const options: TranscribeOptions = { num_beams: 2, max_new_tokens: 9, language: "en", return_timestamps: false };
  const judge = async (changes: Record<string, unknown>) => {
    const model = await load({ suppress_tokens: [1, 2, 7, 61, 69, 70, 71, 72], ...changes });
    const { input_features } = await model.features!.extract(signal(SECOND, 7));
    // The prompt of both, without the token that turns timestamps off.
    const call = { input_features, decoder_input_ids: [[61, 62, 68]], num_beams: 2, max_new_tokens: 9 };
    const { avg_logprobs } = await model.generate({ ...call, return_avg_logprobs: true });
    const silence = await model.generate({ ...call, return_no_speech: true }).catch((error: Error) => error);
    const transcriber = await Transcriber.create({ model });
    const [segment] = (await transcriber.transcribe(signal(SECOND, 7), options)).segments;
    expect(segment.avg_logprob).toBeLessThan(0);
    await model.dispose();
    return { avg_logprobs, silence, segment };
  };
  const known = await judge({});
  expect(known.silence).toMatchObject({ avg_logprobs: known.avg_logprobs, no_speech_probs: [expect.any(Number)] });
  expect(known.segment.no_speech_prob).toBeGreaterThan(0);
  const unknown = await judge({ no_timestamps_token_id: undefined });
  expect(unknown.avg_logprobs).toEqual(known.avg_logprobs);
  const message = "generate: return_no_speech needs no_timestamps_token_id in generation_config.json.";
  expect(unknown.silence).toMatchObject({ code: "invalid_option", message });
  expect(unknown.segment.no_speech_prob).toBe(0);
});

test("what greedy search keeps is what another pass over the sequences gives, for rows that end at different steps", async () => {
  for (const device of ["cpu", "wasm"] as const) {
    const model = await load({}, device);
    const sounds = await Promise.all([1, 2, 3, 4].map((seed) => model.features!.extract(signal(SECOND, seed))));
    const call = {
      input_features: sounds.map(({ input_features }) => input_features!),
      decoder_input_ids: [3, 11, 27, 40].map((token) => [70, token, 9, 61, 62, 68]),
      // So many ends that one of them comes early.
      eos_token_id: [60, 4, 13, 22, 31, 45, 52, 58],
      ...{ num_beams: 1, max_new_tokens: 24, return_timestamps: true, return_no_speech: true, repetition_penalty: 1.3 },
    };
    const kept = await model.generate(call);
    const passes = runs.get("review");
    const read = await model.generate({ ...call, alignment_heads: [[0, 0]] });
    if (device === "cpu") expect([passes, runs.get("review")! > 0]).toEqual([undefined, true]);
    expect(kept.sequences).toEqual(read.sequences);
    expect(new Set(kept.sequences.map(({ length }) => length)).size).toBeGreaterThan(1);
    for (const name of ["avg_logprobs", "no_speech_probs"] as const)
      kept[name]!.forEach((value, i) => expect(value).toBeCloseTo(read[name]![i], 5));
    await model.dispose();
  }
});

test("windows that are tried again are sampled on the device, too", async () => {
  const model = await load();
  const { input_features } = await model.features!.extract(signal(SECOND, 7));
  const chosen: string[] = [];
  const { config } = model;
  const generate = async (call: Record<string, unknown>) => {
    const out = await model.generate(call);
    chosen.push(out.stats.chosen_on);
    return out;
  };
  const decode = windowDecoder({ config, generate } as unknown as SpeechModel, {
    ...{ options: { max_new_tokens: 12 }, timestamps: true, tellsSilence: true },
  });
  const features = input_features as unknown as MelFeatures;
  for (const temperature of [0, 0.2, 1]) {
    const again = temperature > 0;
    const [found] = await decode([{ features, prompt: [61, 62, 68], temperature, beams: !again, again }]);
    expect(found.avg_logprob).toBeLessThan(0);
  }
  expect(chosen).toEqual(["device", "device", "device"]);
  expect(runs.get("encode")).toBe(1);
  await model.dispose();
});

test.each<[string, TranscribeOptions]>([
  ["window after window", {}],
  ["in chunks, of which some are tried again", { chunk_length_s: 1, batch_size: 4 }],
  ["by a search in JavaScript", { top_k: 0, num_beams: 1 }],
])("a window that is tried again is not encoded again: %s", async (_, options) => {
  const model = await load();
  const transcriber = await Transcriber.create({ model });
  const given: TranscribeOptions = {
    ...{ language: "en", return_timestamps: true, max_new_tokens: 12, num_beams: 2, seed: 3 },
    ...{ temperature: [0, 0.4, 0.8, 1.2], logprob_threshold: -0.43 },
    ...options,
  };
  const { stats } = await transcriber.transcribe(signal(4.5 * SECOND, 7), given);
  expect(stats.windows).toBeGreaterThan(1.3 * stats.encoded);
  expect(runs.get("forward")).toBeUndefined();
  const ran = runs.get("encode");
  // Of a batch the encoder runs once.
  if (options.chunk_length_s === undefined) expect(ran).toBe(stats.encoded);
  else expect(ran).toBeLessThan(stats.encoded);
  await model.dispose();
});

test("the states of the encoder are taken of the same sound alone, in any row of a batch, and only where a call says so", async () => {
  for (const device of ["cpu", "wasm"] as const) {
    const model = await load({}, device);
    const sounds = await Promise.all([1, 2, 3].map((seed) => model.features!.extract(signal(SECOND, seed))));
    const [a, b, c] = sounds.map(({ input_features }) => input_features!);
    const decode = async (rows: (typeof a)[], options: SpeechOptions & GenerationConfig = {}) => {
      const call = { language: "en", max_new_tokens: 12, num_beams: 2, return_no_speech: true, ...options };
      const { stats, ...found } = await model.generate({ input_features: rows, ...call });
      return { found, encoded: stats.encoded_rows };
    };
    // From one row to three, so that no session is used twice.
    const greedy = { num_beams: 1 };
    const fresh = {
      b: await decode([b], greedy),
      ab: await decode([a, b], greedy),
      cb: await decode([c, b]),
      abc: await decode([a, b, c]),
    };
    expect(Object.values(fresh).map(({ encoded }) => encoded)).toEqual([1, 2, 2, 3]);
    const again = (rows: (typeof a)[], options = {}) => decode(rows, { ...options, reuse_encoder_outputs: true });
    // What is taken comes from the three rows that were encoded last.
    for (const rows of [[a], [b, c], [a]]) await decode(rows, greedy);
    expect(await again([a, b, c])).toEqual({ ...fresh.abc, encoded: 0 });
    expect(await again([c, b])).toEqual({ ...fresh.cb, encoded: 0 });
    expect(await again([a, b], greedy)).toEqual({ ...fresh.ab, encoded: 0 });
    expect(await again([b], greedy)).toEqual({ ...fresh.b, encoded: 0 });
    const changed = { ...b, data: b.data.slice() };
    changed.data[changed.data.length - 1] += 0.5;
    expect((await again([a, changed], greedy)).encoded).toBe(2);
    const refused = model.generate({ input_features: a, reuse_encoder_outputs: 1 as never });
    await expect(refused).rejects.toMatchObject({ code: "invalid_option" });
    await model.dispose();
  }
});

test("a token's probability is its share among the tokens of text, by the logits of a pass of its own", async () => {
  const model = await load();
  const { input_features } = await model.features!.extract(signal(SECOND, 7));
  const call = { input_features, language: "en", return_timestamps: true, num_beams: 3, num_return_sequences: 2 };
  const { sequences, token_probs } = await model.generate({ ...call, max_new_tokens: 20, return_token_probs: true });
  const end = 60;
  for (const [i, sequence] of sequences.entries()) {
    const { logits } = await model.forward({ input_features, decoder_input_ids: [sequence] });
    const [, , width] = logits.shape;
    const expected = sequence.map((token, t) => {
      if (t === 0 || token >= end) return NaN;
      const text = Array.from(logits.data.subarray((t - 1) * width, (t - 1) * width + end), Math.exp);
      return text[token] / text.reduce((a, b) => a + b);
    });
    const [given] = [token_probs![i]];
    const own = expected.slice(-given.length);
    expect(own.filter((value) => !Number.isNaN(value)).length).toBeGreaterThan(3);
    given.forEach((value, t) =>
      Number.isNaN(own[t]) ? expect(value).toBeNaN() : expect(value).toBeCloseTo(own[t], 6),
    );
  }
  await model.dispose();
});

test("max_new_tokens of the files ends a window, though the files have max_length as well", async () => {
  for (const [max_new_tokens, count] of [
    [3, 3],
    // All positions, but for the prompt.
    [undefined, 60],
  ] as const) {
    const model = await load({ max_new_tokens, max_length: 64 });
    const { input_features } = await model.features!.extract(signal(SECOND, 7));
    const call = { input_features, language: "en", eos_token_id: 1, num_beams: 1 };
    const { generated } = await model.generate(call);
    expect(generated![0].length).toBe(count);
    const transcriber = await Transcriber.create({ model });
    const { stats } = await transcriber.transcribe(signal(SECOND / 2, 7), {
      language: "en",
      num_beams: 1,
      eos_token_id: 1,
    });
    expect(stats.tokens > 3).toBe(max_new_tokens === undefined);
    await model.dispose();
  }
});

test("memory on the device is the same after 60 windows as after one", async () => {
  for (const device of ["cpu", "wasm"] as const) {
    const model = await load({}, device);
    const transcriber = await Transcriber.create({ model });
    const options = { language: "en", num_beams: 2, max_new_tokens: 8, return_timestamps: "word" } as const;
    const sizes: string[] = [];
    const { stats } = await transcriber.transcribe(signal(63 * SECOND, 7), {
      ...options,
      onProgress: () => void sizes.push(JSON.stringify(model.memory())),
    });
    expect(stats.windows).toBeGreaterThanOrEqual(60);
    // Before the first window nothing is made yet.
    const [before, first, ...others] = sizes;
    expect(first).not.toBe(before);
    expect(others.length).toBeGreaterThanOrEqual(59);
    expect(new Set([first, ...others]).size).toBe(1);
    await model.dispose();
    expect(Object.values(model.memory()).every((bytes) => bytes === 0)).toBe(true);
  }
});
