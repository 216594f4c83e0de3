/** Transcribes sound with a model of this thread. The entry of a part of the package. */

import { fetched, openSound, type SoundData } from "../audio/input";
import { windowFeatures, WHISPER_MEL } from "../audio/log-mel";
import { SAMPLE_RATE } from "../audio/sound";
import { checkVadWeights, type VadWeights } from "../audio/vad";
import { ModelError } from "../errors";
import { speechTypes } from "../models/families/registry";
import type { FeatureTensor } from "../generation/speech/features";
import { toFloat32 } from "../loading/formats/dtypes";
import { readSafetensors } from "../loading/formats/safetensors";
import { transcribeLive, type LiveText } from "../speech/live";
import type { LiveOptions } from "../speech/live-options";
import { whisperSizes, type SpeechModel } from "../speech/model";
import type { TranscribeOptions } from "../speech/options";
import { planOf, transcribe, type Speech } from "../speech/transcribe";
import type { TranscriptionData } from "../speech/transcription";
import { requireTokenizer, type TextModel } from "./text-calls";

/** What a model of speech reads, as `generate` takes it. */
export interface SpeechFeatures {
  /** Whisper: the log-mel spectrogram of one window, (1, C, T): C mel channels, T frames. */
  input_features?: FeatureTensor;
  /** Moonshine: the samples. */
  input_values?: Float32Array;
  /** Frames of `input_features` that are sound and not padding. */
  num_frames?: number;
}

/** What a transcriber needs of a model. */
export type TranscriberModel = SpeechModel & Pick<TextModel, "tokenizer" | "tokenizerProblem" | "warn">;

export type LocalTranscriber = ReturnType<typeof createTranscriber>;

/** @throws ModelError `unsupported_model` for a model that does not read sound, `file_not_found` without a tokenizer */
export function createTranscriber(model: TranscriberModel) {
  const { model_type } = model.config;
  if (!speechTypes.includes(model_type)) {
    const hint = "Whisper and Moonshine do.";
    throw new ModelError("unsupported_model", `A model of the type "${model_type}" does not read sound.`, hint);
  }
  const tokenizer = requireTokenizer("A transcriber", model);
  const detectors = new Map<string | Blob, Promise<VadWeights>>();
  const speech: Speech = {
    model,
    tokenizer,
    warn: model.warn,
    vadWeights(source) {
      const loading = detectors.get(source) ?? loadVad(source);
      detectors.set(source, loading);
      // One that failed is tried again.
      loading.catch(() => detectors.delete(source));
      return loading;
    },
  };

  const extract = async (data: SoundData): Promise<SpeechFeatures> => {
    const sound = await openSound(data, SAMPLE_RATE);
    if (model_type !== "whisper") return { input_values: (await sound.read(0, sound.length)).slice() };
    const { mels, windowFrames } = whisperSizes(model.config);
    const settings = { ...WHISPER_MEL, feature_size: mels, chunk_length: windowFrames / 100 };
    const samples = await sound.read(0, Math.min(sound.length, windowFrames * WHISPER_MEL.hop_length));
    const { data: values, shape } = await windowFeatures(samples, settings);
    const num_frames = Math.ceil(samples.length / WHISPER_MEL.hop_length);
    return { input_features: { data: values, shape: [1, ...shape] }, num_frames };
  };

  return {
    /** @throws ModelError for what `transcribe` would refuse */
    check: (options: TranscribeOptions): void => void planOf(speech, options, "Transcriber.create"),

    extract,

    transcribe: (data: SoundData, { signal, ...options }: TranscribeOptions): Promise<TranscriptionData> =>
      transcribe(speech, data, options, signal),

    transcribeStreaming: (
      blocks: AsyncIterable<Float32Array>,
      { signal, ...options }: LiveOptions,
    ): AsyncGenerator<LiveText, void, undefined> => transcribeLive(speech, blocks, options, signal),

    async detectLanguage(data: SoundData): Promise<[language: string, probability: number][]> {
      if (model_type !== "whisper")
        throw new ModelError("unsupported_option", "detectLanguage: this model knows one language only.");
      const { data: values, shape } = (await extract(data)).input_features!;
      const [, mels, frames] = shape;
      const [languages] = await model.detectLanguage({ input_features: { data: values, shape: [mels, frames] } });
      return languages;
    },
  };
}

/** @param source the address of the weights, or their file */
async function loadVad(source: string | Blob): Promise<VadWeights> {
  const name = "the voice detector";
  const file = source instanceof Blob ? source : await fetched(source);
  const weights = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  const pieces = readSafetensors({ stream: file.stream(), size: file.size }, name, {});
  for await (const { name, shape, start, dtype, data } of pieces) {
    const tensor = weights.get(name) ?? { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) };
    weights.set(name, tensor);
    tensor.data.set(toFloat32(dtype, data), start);
  }
  return checkVadWeights(weights);
}
