/** What the public classes need of a loaded model, which runs in this thread (`local-model.ts`) or in a worker (`src/worker/`). */

import type { AdapterInfo } from "../backends/webgpu/adapter";
import type { Tuning } from "../backends/webgpu/tuning";
import type { ForwardOptions, ForwardOutput } from "../generation/forward";
import type { GenerationConfig } from "../generation/options/generation-config";
import type { SpeechInput, SpeechOptions } from "../generation/speech/call";
import type { Memory } from "../ops/ops";
import type { DecodeOptions, DecoderPromptOptions, EncodeOptions, LanguagePair, TextOffset } from "../text/tokenizer";
import type { ModelConfig } from "./model-config";
import type { ForwardInput, GenerateOutput, ModelInput, StepStream } from "./results";
import type { Profile } from "./profile";
import type { GenerateTextOutput, TextOptions } from "./text-calls";
import type { TranslateOptions } from "./translate-options";
import type { AlignedSegment, TranslatorSetup } from "./translator";
import type { SoundData } from "../audio/input";
import type { LiveText } from "../speech/live";
import type { LiveOptions } from "../speech/live-options";
import type { TranscribeOptions } from "../speech/options";
import type { TranscriptionData } from "../speech/transcription";
import type { SpeechFeatures } from "./transcriber";

/** A value where the model runs in this thread, a promise of it where it runs in a worker. `await` takes both. */
export type Awaitable<T> = T | Promise<T>;

/** What is known once it is loaded, as plain data. */
export interface ModelFacts {
  config: ModelConfig;
  /** Absent if the model has no tokenizer. */
  tokenizer?: { languages?: readonly string[]; languagePairs?: readonly LanguagePair[]; speech?: true };
  tokenizerProblem?: string;
}

/** The calls of a model. Each may be made across a port, so all arguments and results are data, functions and signals. */
export interface ModelCalls {
  generate(input: ModelInput, options: GenerationConfig & SpeechOptions): Promise<GenerateOutput>;
  stream(input: ModelInput, options: GenerationConfig & SpeechOptions): StepStream;
  generateText(texts: string | string[], options: TextOptions): Promise<GenerateTextOutput>;
  streamText(text: string, options: TextOptions): AsyncGenerator<string, void, undefined>;
  forward(input: ForwardInput, options: ForwardOptions): Promise<ForwardOutput>;
  detectLanguage(input: SpeechInput): Promise<[language: string, probability: number][][]>;
  profile(options: { signal?: AbortSignal }): Promise<Profile>;

  // The tokenizer.
  encode(text: string, options?: EncodeOptions): Awaitable<number[]>;
  decode(ids: readonly number[], options?: DecodeOptions): Awaitable<string>;
  token(id: number): Awaitable<string>;
  forcedBosTokenId(targetLanguage: string): Awaitable<number | undefined>;
  offsets(ids: readonly number[]): Awaitable<TextOffset[]>;
  promptIds(text: string): Awaitable<number[]>;
  decoderPromptIds(options?: DecoderPromptOptions): Awaitable<[place: number, token: number][]>;

  // The translator of a pair of languages.
  /** Checks the languages. Returns warnings. */
  setUp(setup: TranslatorSetup): Promise<string[]>;
  translate(setup: TranslatorSetup, text: string, options: TranslateOptions): Promise<string>;
  translateStreaming(
    setup: TranslatorSetup,
    text: string,
    options: TranslateOptions,
  ): AsyncGenerator<string, void, undefined>;
  align(setup: TranslatorSetup, text: string, options: TranslateOptions): Promise<AlignedSegment[]>;
  measureInputUsage(setup: TranslatorSetup, text: string): Promise<number>;

  // The transcriber.
  /** Checks that the model reads sound. */
  setUpSpeech(options: TranscribeOptions): Promise<void>;
  transcribe(sound: SoundData, options: TranscribeOptions): Promise<TranscriptionData>;
  transcribeStreaming(
    blocks: AsyncIterable<Float32Array>,
    options: LiveOptions,
  ): AsyncGenerator<LiveText, void, undefined>;
  detectSpokenLanguage(sound: SoundData): Promise<[language: string, probability: number][]>;
  extractFeatures(sound: SoundData): Promise<SpeechFeatures>;
}

/** What changes while the model is in use: a call may need memory, or lose the device. */
export interface ModelState {
  device: "webgpu" | "wasm" | "cpu";
  adapter?: AdapterInfo;
  /** Of a GPU. */
  kernels?: Tuning;
  /** Bytes on the device. */
  memory: Memory;
}

export interface RunningModel {
  readonly facts: ModelFacts;
  readonly calls: ModelCalls;
  /** Across a port: as of the last message, which is the state now unless a call is running. */
  state(): ModelState;
  dispose(): Promise<void>;
}
