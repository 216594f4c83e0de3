/** Long sound on tiny checkpoints: tokens, segments and times of tokens against transformers (test/goldens/speech_long.py). */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { LogMel, MelFeatures } from "../../src/audio/log-mel";
import { LocalSeq2Seq } from "../../src/engine/seq2seq";
import { readWhisperFields } from "../../src/generation/speech/whisper-fields";
import { windowDecoder } from "../../src/speech/decode";
import { runLoops } from "../../src/speech/lockstep";
import { whisperSizes, type SpeechModel } from "../../src/speech/model";
import { createOpening } from "../../src/speech/opening";
import { windowLoop } from "../../src/speech/windows";
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
  const { options, times } = golden;
  const { generation: file, decoder_start_token_id: start } = model.config;
  const sizes = whisperSizes(model.config);
  const fields = readWhisperFields(file, "generation_config.json", sizes.vocabSize);
  const { language, task, temperature = [0], prompt_ids, max_length, ...others } = options;
  const { condition_on_prev_tokens, prompt_condition_type, ...generation } = others;
  const { compression_ratio_threshold, logprob_threshold, no_speech_threshold, ...passed } = generation;
  const heads = times && (file.alignment_heads as number[][]);
  let tries = 0;
  let encoded = 0;
  const seen = new Set<string>();
  const speech: SpeechModel = {
    config: model.config,
    async generate(call) {
      const out = await model.generate(call);
      tries++;
      encoded += out.stats.encoded_rows;
      for (const { data } of call.input_features as MelFeatures[]) seen.add(data.join());
      return out;
    },
    detectLanguage: (input) => model.detectLanguage(input),
  };
  const decode = windowDecoder(speech, { options: passed, timestamps: true, heads, tellsSilence: true });
  const given = { language: language as string, task: task as string, timestamps: true };
  const loop = windowLoop(
    madeFeatures(sizes.mels, golden.frames, golden.seed),
    golden.num_frames,
    createOpening(speech, start!, fields, given).initial,
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
  return { segments, tries, encoded, windows: seen.size };
}

describe.each([...new Set(cases.map(({ model }) => model))])("%s", (name) => {
  const loading = LocalSeq2Seq.load(`test/goldens/speech/${name}`, { device: "wasm", onWarning: () => undefined });

  test.each(cases.filter(({ model }) => model === name))("$label, $frames frames", async (golden) => {
    const { segments, tries, encoded, windows } = await run(await loading, golden);
    expect(segments.map(({ start, end, tokens }) => [start, end, tokens])).toEqual(golden.segments);
    expect(segments.flatMap(({ tokens }) => tokens)).toEqual(golden.tokens);
    if (golden.times) expect(segments.map(({ times }) => times)).toEqual(golden.times);
    // Another try reads no window again.
    expect(encoded).toBe(windows);
    if (segments.some(({ temperature }) => temperature > 0)) expect(tries).toBeGreaterThan(windows);
  });
});
