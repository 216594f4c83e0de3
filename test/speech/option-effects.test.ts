/**
 * No option is ignored: each that the code knows is used, refused, or warned about, in every form of a transcription. "Used" means
 * that what is asked of the model, or what comes back, is not what it is without it.
 */

import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { CALL_ONLY, NEUTRAL, SUPPORTED } from "../../src/generation/options/option-names";
import { LocalSeq2Seq } from "../../src/engine/seq2seq";
import { ModelError } from "../../src/errors";
import { transcribeLive } from "../../src/speech/live";
import type { SpeechModel, SpeechOutput } from "../../src/speech/model";
import { OWN_OPTIONS } from "../../src/speech/transcribe-plan";
import { transcribe, type Speech } from "../../src/speech/transcribe";
import { signal } from "../support/shared/signal";
import { tinyWhisper } from "../support/shared/tiny-whisper";

type Options = Record<string, unknown>;
const RATE = 16000;
const told: string[] = [];

/** A value of each option that asks for something. */
const VALUES: Options = {
  ...{ language: "fr", task: "translate", prompt: "a b", prompt_ids: [70, 11], return_timestamps: false },
  ...{ return_language: true, return_alignment: true, temperature: 0.5, compression_ratio_threshold: 0.1 },
  ...{ logprob_threshold: -0.5, no_speech_threshold: 0.4, condition_on_prev_tokens: true },
  ...{ prompt_condition_type: "first-segment", chunk_length_s: 0.9, stride_length_s: 0.1, tokens_per_second: 5 },
  ...{
    batch_size: 1,
    vad: true,
    onSegment: () => void told.push("segment"),
    onProgress: () => void told.push("progress"),
  },
  ...{ max_length: 30, max_new_tokens: 5, min_length: 3, min_new_tokens: 2, early_stopping: true, max_time: 9 },
  ...{ stop_strings: ["z"], do_sample: true, num_beams: 3, num_beam_groups: 2, diversity_penalty: 0.5, top_k: 5 },
  ...{ top_p: 0.9, min_p: 0.1, top_h: 0.5, typical_p: 0.9, epsilon_cutoff: 0.1, eta_cutoff: 0.1 },
  ...{ repetition_penalty: 1.2, encoder_repetition_penalty: 1.2, length_penalty: 2, no_repeat_ngram_size: 2 },
  ...{ encoder_no_repeat_ngram_size: 2, bad_words_ids: [[3]], sequence_bias: [[[3], 1]], renormalize_logits: true },
  ...{ remove_invalid_values: true, forced_bos_token_id: 3, forced_eos_token_id: 60, forced_decoder_ids: [[1, 62]] },
  ...{ suppress_tokens: [4], begin_suppress_tokens: [5], exponential_decay_length_penalty: [3, 1.1] },
  ...{ num_return_sequences: 2, pad_token_id: 60, bos_token_id: 61, eos_token_id: 60, decoder_start_token_id: 61 },
  ...{ output_scores: true, output_attentions: true, output_hidden_states: true, output_alternatives: 2 },
  ...{ prefix_allowed_tokens: () => [1], constraint: [3], seed: 1, attention_mask: [1], decoder_input_ids: [61] },
};
/** So long that the history of a window does not hold all of it. */
const LONG_PROMPT = [70, ...Array.from({ length: 24 }, (_, i) => i)];
/** What makes an option count that has no effect alone. */
const BESIDE: Record<string, Options> = {
  compression_ratio_threshold: { temperature: [0, 0.5] },
  logprob_threshold: { temperature: [0, 0.5] },
  no_speech_threshold: { logprob_threshold: -0.5 },
  prompt_condition_type: {
    condition_on_prev_tokens: true,
    prompt_ids: LONG_PROMPT,
    prompt_condition_type: "all-segments",
  },
  seed: { temperature: 0.5 },
  ...Object.fromEntries(
    ["top_k", "top_p", "min_p", "top_h", "typical_p", "epsilon_cutoff", "eta_cutoff"].map((name) => [
      name,
      { temperature: [0, 0.5], logprob_threshold: -0.5 },
    ]),
  ),
};

let model: LocalSeq2Seq;
let base: Speech;
const warnings: string[] = [];
/** What the model was asked for. */
const calls: string[] = [];

/** Says the same in every window. */
function generate(call: Options): Promise<SpeechOutput> {
  const { input_features, decoder_input_ids, signal: _, ...options } = call;
  const shown = (_: string, value: unknown): unknown => (typeof value === "function" ? "a function" : value);
  calls.push(JSON.stringify({ rows: (input_features as []).length, decoder_input_ids, ...options }, shown));
  const prompts = decoder_input_ids as number[][];
  const tokens = options.return_timestamps === false ? [5, 33, 7, 60] : [73, 5, 33, 7, 123, 60];
  const each = <T>(value: T): T[] => prompts.map(() => value);
  const heads = options.alignment_heads as unknown[] | undefined;
  const steps = prompts[0].length + tokens.length - 1;
  const data = Float32Array.from({ length: (heads?.length ?? 0) * steps * 50 }, (_, i) => ((i * 7) % 11) / 11);
  return Promise.resolve({
    sequences: prompts.map((prompt) => [...prompt, ...tokens]),
    ...{ avg_logprobs: each(-1), no_speech_probs: each(0.5) },
    ...(heads && {
      alignments: each({ data, shape: [heads.length, steps, 50] }),
      token_probs: each(tokens.map(() => 0.5)),
    }),
  });
}

beforeAll(async () => {
  const read = async (file: string) => new Uint8Array(await readFile(`test/goldens/speech/whisper/${file}`));
  model = await LocalSeq2Seq.load(await tinyWhisper(read), { device: "cpu", onWarning: () => undefined });
  const { config } = model;
  const detectLanguage: SpeechModel["detectLanguage"] = () => Promise.resolve([[["en", 0.9]]]);
  base = {
    model: { config, generate, detectLanguage },
    tokenizer: model.tokenizer!,
    vadWeights: () => Promise.reject(new ModelError("file_not_found", "vad: there is no detector here.")),
    warn: (message) => void warnings.push(message),
  };
});

const FORMS: Record<string, { seconds: number; options: Options; live?: boolean }> = {
  file: { seconds: 0.9, options: {} },
  sequential: { seconds: 2.3, options: { return_timestamps: true } },
  chunked: { seconds: 2.3, options: { chunk_length_s: 1, return_timestamps: true } },
  words: { seconds: 2.3, options: { return_timestamps: "word" } },
  stream: { seconds: 2.3, options: {}, live: true },
};

async function run({ seconds, options, live }: (typeof FORMS)[string], given: Options = {}) {
  for (const list of [warnings, calls, told]) list.length = 0;
  const all = { max_new_tokens: 6, ...(live ? {} : { num_beams: 2 }), ...options, ...given };
  const sound = signal(seconds * RATE, 7);
  if (!live) {
    const { stats: _, ...result } = await transcribe(base, sound, all);
    return JSON.stringify([result, calls, told]);
  }
  const blocks = async function* () {
    for (let at = 0; at < sound.length; at += RATE) yield sound.slice(at, at + RATE);
  };
  const pieces = [];
  for await (const piece of transcribeLive(base, blocks(), all)) pieces.push(piece);
  return JSON.stringify([pieces, calls, told]);
}

test("there is a value for every option that the code knows", () => {
  const known = [...OWN_OPTIONS, ...SUPPORTED, ...CALL_ONLY].filter((name) => name !== "signal");
  expect(known.filter((name) => !(name in VALUES))).toEqual([]);
  expect(Object.keys(VALUES).filter((name) => !known.includes(name))).toEqual([]);
});

describe.each(Object.entries(FORMS))("%s", (_, form) => {
  test("each option alone", async () => {
    const plain = await run(form);
    expect(warnings).toEqual([]);
    const ignored: string[] = [];
    for (const [name, value] of Object.entries(VALUES)) {
      const given = name === "return_timestamps" && form.options[name] === undefined && !form.live ? true : value;
      const found = await run(form, { [name]: given }).catch((error: unknown) => error as ModelError);
      if (found instanceof Error) expect(found, name).toMatchObject({ name: "ModelError" });
      // Of one window there is none before.
      else if (form.seconds < 1 && name === "condition_on_prev_tokens") expect(found).toBe(plain);
      else if (found === plain && !warnings.some((text) => text.includes(name))) ignored.push(name);
    }
    expect(ignored).toEqual([]);
  });

  test("each option beside what it needs", async () => {
    const isAlone = form.seconds < 1 || form.options.chunk_length_s !== undefined;
    for (const [name, beside] of Object.entries(BESIDE)) {
      // It is about windows after the first one.
      if (isAlone && name === "prompt_condition_type") continue;
      const { [name]: own = VALUES[name], ...others } = beside;
      const [without, found] = [await run(form, others), await run(form, { ...others, [name]: own })];
      expect(
        warnings.filter((text) => text.includes(name)),
        name,
      ).toEqual([]);
      expect(found, name).not.toBe(without);
    }
  });

  test("what is neither known nor neutral is refused", async () => {
    for (const name of ["num_beans", ...Object.keys(NEUTRAL)]) {
      const refused = run(form, { [name]: { not: "a value" } });
      await expect(refused, name).rejects.toMatchObject({ code: "unsupported_option" });
    }
  });
});

test("live text refuses what is for files, and an interval that is none, before any sound", async () => {
  const { options } = FORMS.stream;
  const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) };
  for (const given of [
    ...["return_alignment", "return_language", "chunk_length_s", "onSegment"].map((name) => ({ [name]: VALUES[name] })),
    ...[0, -1, NaN, Infinity, "1"].map((interval) => ({ interval })),
    ...[{ num_beans: 1 }, { tokens_per_second: 5 }, { language: 5 }, { do_sample: true }],
  ]) {
    const next = transcribeLive(base, never, { ...options, ...given } as never).next();
    const message = expect.stringMatching(/^transcribeStreaming: /) as string;
    await expect(next, JSON.stringify(given)).rejects.toMatchObject({ name: "ModelError", message });
  }
});
