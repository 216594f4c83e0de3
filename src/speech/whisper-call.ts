/** A Whisper and one call of it: what all forms of a transcription share. */

import { WHISPER_MEL } from "../audio/log-mel";
import { ModelError } from "../errors";
import { readWhisperFields } from "../generation/speech/whisper-fields";
import type { Tokenizer } from "../text/tokenizer";
import { windowDecoder } from "./decode";
import type { ChunkTokens } from "./join-chunks";
import { whisperSizes, type SpeechModel } from "./model";
import { createOpening, nameOf, type Opening } from "./opening";
import type { TranscribePlan } from "./transcribe-plan";
import { alignmentHeads, generationOptions, promptOf, speechTokenizer, timestampsOf } from "./whisper-options";
import type { SpeechSegment, WindowRequest, WindowResult } from "./windows";

export interface WhisperCall {
  model: SpeechModel;
  tokenizer: Tokenizer;
  plan: TranscribePlan;
  signal?: AbortSignal;
}

export type Whisper = ReturnType<typeof openWhisper>;

/** @param samples of a sound that is transcribed as a whole; else 0 */
export function openWhisper({ model, tokenizer, plan, signal }: WhisperCall, samples: number) {
  const { generation: file, eos_token_id, decoder_start_token_id: start } = model.config;
  if (start === undefined) {
    throw new ModelError("invalid_config", "generation_config.json: there is no decoder_start_token_id.");
  }
  const sizes = whisperSizes(model.config);
  const fields = readWhisperFields(file, "generation_config.json", sizes.vocabSize);
  const settings = { ...WHISPER_MEL, feature_size: sizes.mels, chunk_length: sizes.windowSeconds };
  const windowSamples = (sizes.windowFrames * WHISPER_MEL.sampling_rate) / 100;
  const timestamps = timestampsOf(plan, fields.returnTimestamps, samples > windowSamples);
  const heads = timestamps === "word" ? alignmentHeads(file, sizes) : undefined;
  const { language, task, return_language = false, return_alignment } = plan.given;
  const begin = (): Opening =>
    createOpening(model, start, fields, { language, task, timestamps: timestamps !== false });
  const ids = speechTokenizer(tokenizer, fields.noTimestamps, eos_token_id, start, sizes);
  const suppressed = Array.isArray(file.suppress_tokens) ? (file.suppress_tokens as number[]) : [];
  const startofprev = (file.prev_sot_token_id as number | undefined) ?? suppressed[suppressed.length - 2];
  const stats = { windows: 0, encoded: 0, tokens: 0 };
  const generation = generationOptions(plan, file);
  const run = windowDecoder(model, {
    options: generation,
    timestamps: timestamps !== false,
    heads,
    tellsSilence: fields.noTimestamps !== undefined,
    defaultLength:
      plan.generation.max_new_tokens === undefined ? (generation.max_new_tokens as number | undefined) : undefined,
    positions: sizes.targetLength,
    signal,
    onEncoded: (windows) => void (stats.encoded += windows),
  });
  return {
    settings,
    windowSamples,
    timestamps,
    tokenizer: ids,
    begin,
    decode: async (requests: readonly WindowRequest[]): Promise<WindowResult[]> => {
      const results = await run(requests);
      stats.windows += results.length;
      for (const { tokens } of results) stats.tokens += tokens.length;
      return results;
    },
    windowModel: {
      windowFrames: sizes.windowFrames,
      targetLength: sizes.targetLength,
      vocabSize: sizes.vocabSize,
      firstStamp: ids.firstStamp,
      startofprev,
    },
    options: {
      temperatures: plan.temperatures,
      ...plan.thresholds,
      conditionOnPrevTokens: plan.conditionOnPrevTokens,
      promptConditionType: plan.promptConditionType,
      promptIds: promptOf(plan, tokenizer),
      maxLength: generation.max_new_tokens === undefined ? (generation.max_length as number | undefined) : undefined,
      words: heads && { medianWidth: sizes.medianWidth, keepsAlignment: return_alignment },
    },
    stats,
    found: ({ language, probability }: Opening) => ({ language, language_probability: probability, stats }),
    /** What joining needs to know of a sound. */
    spoken(segments: readonly SpeechSegment[], { language }: Opening): ChunkTokens {
      const words = timestamps === "word";
      return {
        tokens: segments.flatMap((segment) => segment.tokens),
        times: words ? segments.flatMap((segment) => segment.times ?? []) : undefined,
        probs: segments.every(({ probs }) => probs) ? segments.flatMap((segment) => segment.probs ?? []) : undefined,
        // Words are cut by the rules of the language, whether it is asked for or not.
        language: words || return_language ? nameOf(language) : undefined,
      };
    },
    joinOptions: { timestamps, language: return_language },
  };
}
