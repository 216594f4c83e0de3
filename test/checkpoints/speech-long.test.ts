/** Long sound on tiny checkpoints: tokens, segments and times of tokens against transformers (test/goldens/speech_long.py). */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { LogMel } from "../../src/audio/log-mel";
import { LocalSeq2Seq } from "../../src/engine/seq2seq";
import { initialTokens } from "../../src/generation/speech/whisper-prompts";
import { readWhisperFields } from "../../src/generation/speech/whisper-fields";
import { runLoops } from "../../src/speech/lockstep";
import { measure, type Forward } from "../../src/speech/measure";
import { detectLanguage, whisperSizes } from "../../src/speech/model";
import { windowLoop, type WindowRequest, type WindowResult } from "../../src/speech/windows";
import { Lcg } from "../support/shared/lcg";

interface Case {
  model: string;
  label: string;
  options: Record<string, unknown>;
  frames: number;
  seed: number;
  num_frames: number;
  tokens: number[];
  segments: [start: number, end: number, tokens: number[]][];
  times?: number[][];
}

const cases = JSON.parse(readFileSync("test/goldens/speech_long.json", "utf8")) as Case[];

/** As `features` of the script. */
function madeFeatures(mels: number, frames: number, seed: number): LogMel {
  const rng = new Lcg(seed);
  const data = new Float32Array(mels * frames);
  for (let m = 0; m < mels; m++) {
    let level = 0;
    for (let t = 0; t < frames; t++) {
      if (t % 7 === 0) level = rng.next() - 32768;
      data[m * frames + t] = (level + Math.floor((rng.next() - 32768) / 4)) / 16384;
    }
  }
  return {
    frames,
    async window(start, count) {
      const out = new Float32Array(mels * count);
      for (let m = 0; m < mels; m++)
        out.set(data.subarray(m * frames + start, m * frames + Math.min(frames, start + count)), m * count);
      return { data: out, shape: [mels, count] };
    },
  };
}

async function run(model: LocalSeq2Seq, golden: Case) {
  const forward: Forward = (input, options) => model.forward(input, options);
  const { options, times } = golden;
  const { generation: file, decoder_start_token_id: start, eos_token_id } = model.config;
  const sizes = whisperSizes(model.config);
  const fields = readWhisperFields(file, "generation_config.json", sizes.vocabSize);
  const { language, task, temperature = [0], prompt_ids, max_length, ...others } = options;
  const { condition_on_prev_tokens, prompt_condition_type, ...generation } = others;
  const { compression_ratio_threshold, logprob_threshold, no_speech_threshold, ...passed } = generation;
  const heads = times && (file.alignment_heads as number[][]);
  const rules = {
    suppress: file.suppress_tokens as number[],
    beginSuppress: file.begin_suppress_tokens as number[],
    eot: eos_token_id[0],
    timestamps: { noTimestamps: fields.noTimestamps!, maxInitial: fields.maxInitialTimestampIndex },
  };
  const decode = async (requests: readonly WindowRequest[]): Promise<WindowResult[]> => {
    const out = await model.generate({
      input_features: requests.map(({ features }) => features),
      decoder_input_ids: requests.map(({ prompt }) => prompt),
      return_timestamps: true,
      ...passed,
      ...(requests[0].temperature > 0 ? { do_sample: true, temperature: requests[0].temperature } : {}),
      ...(requests[0].beams ? {} : { num_beams: 1 }),
      ...(requests[0].maxLength === undefined ? {} : { max_length: requests[0].maxLength }),
    });
    return Promise.all(
      requests.map(async ({ prompt, features, temperature }, i) => {
        const tokens = out.sequences[i].slice(prompt.length);
        const asked = { start: start!, silence: fields.noTimestamps! - 1, heads };
        const own = temperature > 0 ? { ...rules, topK: passed.top_k as number } : rules;
        const measured = await measure(forward, features, prompt, tokens, own, asked);
        return { tokens, ended: eos_token_id.includes(tokens.at(-1)), ...measured };
      }),
    );
  };
  const loop = windowLoop(
    madeFeatures(sizes.mels, golden.frames, golden.seed),
    golden.num_frames,
    async (first) => {
      const detect = async (): Promise<number[]> => {
        const [[code]] = await detectLanguage({ config: model.config, forward }, first);
        return [fields.languages!.get(`<|${code}|>`)!];
      };
      const { tokens } = await initialTokens({ language, task, return_timestamps: true }, fields, start!, 1, detect);
      return tokens[0];
    },
    {
      windowFrames: sizes.windowFrames,
      targetLength: sizes.targetLength,
      vocabSize: sizes.vocabSize,
      firstStamp: fields.noTimestamps! + 1,
      startofprev: file.prev_sot_token_id as number,
    },
    {
      temperatures: temperature as number[],
      compressionRatioThreshold: compression_ratio_threshold as number | undefined,
      logprobThreshold: logprob_threshold as number | undefined,
      noSpeechThreshold: no_speech_threshold as number | undefined,
      conditionOnPrevTokens: condition_on_prev_tokens === true,
      promptConditionType: (prompt_condition_type as "all-segments" | undefined) ?? "first-segment",
      promptIds: prompt_ids as number[] | undefined,
      maxLength: passed.max_new_tokens === undefined ? ((max_length ?? file.max_length) as number) : undefined,
      words: times && { medianWidth: sizes.medianWidth },
    },
  );
  const [segments] = await runLoops([loop], 1, decode);
  return segments;
}

describe.each([...new Set(cases.map(({ model }) => model))])("%s", (name) => {
  const loading = LocalSeq2Seq.load(`test/goldens/speech/${name}`, { device: "wasm", onWarning: () => undefined });

  test.each(cases.filter(({ model }) => model === name))("$label, $frames frames", async (golden) => {
    const segments = await run(await loading, golden);
    expect(segments.map(({ start, end, tokens }) => [start, end, tokens])).toEqual(golden.segments);
    expect(segments.flatMap(({ tokens }) => tokens)).toEqual(golden.tokens);
    if (golden.times) expect(segments.map(({ times }) => times)).toEqual(golden.times);
  });
});
