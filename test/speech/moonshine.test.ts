/** Moonshine through the transcriber: the whole sound, stretches of speech, limits of tokens, and what has no meaning. */

import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { Seq2Seq } from "../../src/index";
import { createTranscriber } from "../../src/engine/transcriber";
import { openSound } from "../../src/audio/input";
import type { SpeechModel } from "../../src/speech/model";
import { transcribeMoonshine } from "../../src/speech/moonshine";
import type { TranscribeOptions } from "../../src/speech/options";
import { checkTranscribeOptions } from "../../src/speech/transcribe-plan";
import { transcribe, type Speech } from "../../src/speech/transcribe";
import type { Tokenizer } from "../../src/text/tokenizer";
import { readSpeech, SPEECH } from "../support/node/speech-models";

const RATE = 16000;

/** Says its number of samples, its limit and its row, as tokens; 2 ends a row. */
function counting(calls: Record<string, unknown>[]): SpeechModel {
  const config = { model_type: "moonshine", eos_token_id: [2], decoder_start_token_id: 1, generation: {}, file: {} };
  const generate = (call: Record<string, unknown>) => {
    calls.push(call);
    const rows = call.input_values as Float32Array[];
    return Promise.resolve({ sequences: rows.map((row) => [1, row.length, 2]) });
  };
  return { config, generate, forward: () => Promise.reject(new Error("not asked")) } as unknown as SpeechModel;
}

function speechOf(model: SpeechModel): Speech {
  return {
    model,
    tokenizer: { decode: (ids: number[]) => ids.map((id) => ` ${id}`).join("") } as unknown as Tokenizer,
    vadWeights: () => expect.fail("nobody asked for speech"),
    warn: (message) => expect.fail(message),
  };
}

async function counted(samples: Float32Array, options: TranscribeOptions = {}) {
  const calls: Record<string, unknown>[] = [];
  const result = await transcribe(speechOf(counting(calls)), samples, options);
  return { ...result, calls };
}

describe("with a model that counts", () => {
  it("the whole sound is one segment, with the pipeline's five beams", async () => {
    const { text, segments, duration, calls, chunks, stats } = await counted(new Float32Array(2 * RATE));
    expect(text).toBe("32000");
    expect(segments).toEqual([{ start: 0, end: 2, text: " 32000", tokens: [32000] }]);
    expect(chunks).toBeUndefined();
    expect(duration).toBe(2);
    expect(stats).toMatchObject({ windows: 1, tokens: 1 });
    expect(calls).toMatchObject([{ num_beams: 5, max_new_tokens: 256, do_sample: false }]);
  });

  it("tokens_per_second limits the tokens, rounded down and at least one", async () => {
    const limitOf = async (seconds: number, tokens_per_second: number) => {
      const { calls } = await counted(new Float32Array(seconds * RATE), { tokens_per_second });
      return calls[0].max_new_tokens;
    };
    expect(await limitOf(3, 6.5)).toBe(19);
    expect(await limitOf(3, 13)).toBe(39);
    expect(await limitOf(0.1, 6.5)).toBe(1);
  });

  it("a temperature samples", async () => {
    const { calls } = await counted(new Float32Array(RATE), { temperature: 0.5 });
    expect(calls).toMatchObject([{ do_sample: true, temperature: 0.5, num_beams: 1 }]);
  });

  /** In seconds: stretches of speech. */
  async function inSpans(spans: [number, number][], options: TranscribeOptions = {}) {
    const calls: Record<string, unknown>[] = [];
    const told: unknown[] = [];
    const speech = speechOf(counting(calls));
    const samples = (seconds: number): number => Math.round(seconds * RATE);
    const found = await transcribeMoonshine(await openSound(new Float32Array(90 * RATE), RATE), {
      ...speech,
      plan: checkTranscribeOptions("transcribe", { vad: true, ...options }, {}, speech.warn),
      spans: spans.map(([start, end]) => ({ start: samples(start), end: samples(end) })),
      onSegment: (segment) => told.push(segment),
      onProgress: (done) => told.push(done / RATE),
    });
    const rows = calls.map((call) => (call.input_values as Float32Array[]).map((row) => row.length / RATE));
    return { ...found, calls, told, rows };
  }

  it("each stretch of speech is a segment, several at a time, none too short to be heard or too long", async () => {
    const { text, segments, told, rows } = await inSpans(
      [
        [1, 21],
        [22, 42],
        [50, 50.05],
        [60, 63],
      ],
      { batch_size: 2 },
    );
    expect(segments.map(({ start, end }) => [start, end])).toEqual([
      [1, 21],
      [22, 42],
      [60, 63],
    ]);
    expect(text).toBe("320000 320000 48000");
    expect(rows).toEqual([[20, 20], [3]]);
    expect(told).toEqual([segments[0], segments[1], 42, segments[2], 63]);
  });

  it("stretches with different limits of tokens are decoded apart", async () => {
    const { calls, rows } = await inSpans(
      [
        [1, 19],
        [20, 38],
        [40, 63],
      ],
      { tokens_per_second: 6.5 },
    );
    expect(rows).toEqual([[18, 18], [23]]);
    expect(calls.map(({ max_new_tokens }) => max_new_tokens)).toEqual([117, 149]);
  });

  it("where nobody speaks nothing is decoded", async () => {
    expect(await inSpans([])).toMatchObject({ text: "", segments: [], calls: [] });
  });

  test.each<[TranscribeOptions, string]>([
    [{ language: "fr" }, "language is an option of Whisper"],
    [{ prompt: "a" }, "prompt is an option of Whisper"],
    [{ chunk_length_s: 10 }, "chunk_length_s is an option of Whisper"],
    [{ return_timestamps: true }, "this model has no timestamps"],
    [{ return_timestamps: "word" }, "this model has no timestamps"],
    [{ temperature: [0, 0.2] }, "a list of temperatures is an option of Whisper"],
    [{ tokens_per_second: 0 }, "tokens_per_second must be a number above 0"],
  ])("%o is refused in words", async (options, message) => {
    await expect(counted(new Float32Array(RATE), options)).rejects.toThrow(message);
  });
});

describe("with a tiny Moonshine", () => {
  let model: Seq2Seq;
  beforeAll(async () => {
    model = await Seq2Seq.load(`./${SPEECH}/moonshine`, { device: "cpu" });
  });
  afterAll(() => model.dispose());

  it("writes what generate writes, and less where tokens are limited", async () => {
    const { golden, inputs } = await readSpeech("moonshine");
    const [expected] = golden.calls.greedy.sequences;
    const samples = inputs.rows[0].data;
    const speech = speechOf(model);
    const options = { num_beams: 1, max_new_tokens: golden.max_new_tokens };
    const { segments } = await transcribe(speech, samples, options);
    expect(segments[0].tokens).toEqual(expected.slice(1).filter((token) => token !== 2));
    // 5600 samples are 0.35 s.
    const { segments: short } = await transcribe(speech, samples, { num_beams: 1, tokens_per_second: 13 });
    expect(short[0].tokens).toEqual(expected.slice(1, 5));
  });

  it("extracts samples as they are, and has no live text", async () => {
    const samples = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i));
    const { tokenizer, warn } = speechOf(counting([]));
    const transcriber = createTranscriber({ ...counting([]), tokenizer, warn });
    expect(await transcriber.extract(samples)).toEqual({ input_values: samples });
    const live = transcriber.transcribeStreaming((async function* () {})(), {});
    await expect(live.next()).rejects.toThrow("live text needs times of words");
    await expect(transcriber.detectLanguage(samples)).rejects.toThrow("knows one language only");
    expect(model.features).toBeDefined();
  });

  it("reads a padded batch as far as its attention_mask says: each row as if it were alone", async () => {
    const { inputs } = await readSpeech("moonshine");
    const rows = inputs.rows.map(({ data }) => data);
    const length = Math.max(...rows.map((row) => row.length));
    const padded = new Float32Array(rows.length * length).fill(0.7);
    rows.forEach((row, i) => padded.set(row, i * length));
    const input_values = { data: padded, shape: [rows.length, length] };
    const attention_mask = rows.map((row) => Array.from({ length }, (_, i) => Number(i < row.length)));
    const decoder_input_ids = inputs.decoder_input_ids;
    const together = await model.forward({ input_values, attention_mask, decoder_input_ids });
    const apart = await model.forward({ input_values: rows, decoder_input_ids });
    expect(together.logits.data).toEqual(apart.logits.data);
    const unmasked = await model.forward({ input_values, decoder_input_ids });
    expect(unmasked.logits.data).not.toEqual(apart.logits.data);
    const hole = attention_mask.map((row) => row.map((one, i) => (i === 3 ? 0 : one)));
    await expect(model.generate({ input_values, attention_mask: hole })).rejects.toThrow("must be ones, then zeros");
    await expect(model.generate({ input_values, attention_mask: [[1]] })).rejects.toThrow("for each of the 3 rows");
  });

  it("draws from the distribution that the logits give", async () => {
    const { inputs } = await readSpeech("moonshine");
    const input_values = inputs.rows[1].data;
    const settings = { do_sample: true, temperature: 0.7, top_k: 9, max_new_tokens: 8, seed: 5, output_scores: true };
    const { sequences, token_logprobs } = await model.generate({ input_values, num_return_sequences: 6, ...settings });
    for (const [i, sequence] of sequences.entries()) {
      const { logits } = await model.forward({ input_values, decoder_input_ids: [sequence.slice(0, -1)] });
      const [, length, vocabulary] = logits.shape;
      for (let t = 0; t < length; t++) {
        const row = [...logits.data.subarray(t * vocabulary, (t + 1) * vocabulary)].map((x) => x / 0.7);
        const kept = [...row].sort((a, b) => b - a).slice(0, 9);
        const sum = kept.reduce((total, x) => total + Math.exp(x - kept[0]), 0);
        const token = sequence[t + 1];
        expect(row[token]).toBeGreaterThanOrEqual(kept[8]);
        expect(token_logprobs![i][t]).toBeCloseTo(row[token] - kept[0] - Math.log(sum), 3);
      }
    }
    expect(new Set(sequences.map((sequence) => sequence.join())).size).toBeGreaterThan(1);
  });

  it("refuses what is too short in words", async () => {
    await expect(model.generate({ input_values: new Float32Array(894) })).rejects.toThrow("too few for this model");
  });
});
