/** The public class `Seq2Seq`: a loaded encoder-decoder model with `generate`, `stream` and `forward`. */

import type { AdapterInfo } from "../backends/webgpu/adapter";
import type { Tuning } from "../backends/webgpu/tuning";
import { disposedError } from "../errors";
import { checkLoadOptions, warnOnConsole, type LoadOptions } from "../engine/load-options";
import type { Limits, ModelConfig } from "../engine/model-config";
import type { ModelCalls, RunningModel } from "../engine/running-model";
import type { ForwardInput, GenerateOutput, ModelInput, StepStream } from "../engine/results";
import type { Profile } from "../engine/profile";
import type { GenerateTextOutput, TextOptions } from "../engine/text-calls";
import type { ForwardOptions, ForwardOutput } from "../generation/forward";
import type { GenerationConfig } from "../generation/options/generation-config";
import type { SpeechInput, SpeechOptions } from "../generation/speech/call";
import type { Source } from "../loading/sources/source";
import type { SoundInput } from "../audio/input";
import { SAMPLE_RATE } from "../audio/sound";
import type { SpeechFeatures } from "../engine/transcriber";
import type { Memory } from "../ops/ops";
import { frozen } from "../util/frozen";
import { loadPart } from "../util/part";
import { openModel } from "../worker/open";
import type { AsyncDisposing } from "./disposing";
import { tokenizerOf, type Tokenizer } from "./tokenizer";

/* eslint-disable @typescript-eslint/no-unsafe-declaration-merging, @typescript-eslint/no-empty-object-type --
   what the interface adds is implemented below */
export interface Seq2Seq extends AsyncDisposing {}

/**
 * A loaded encoder-decoder model: token ids in, token ids and tensors out. One model may run several calls at a time; they
 * take turns, one step each. In a page it computes in a worker of its own, so that the page stays free.
 */
export class Seq2Seq {
  /* eslint-enable */
  /** What was read of config.json and generation_config.json: start, end and pad tokens, sizes, limits. Frozen. */
  readonly config: ModelConfig;
  /** Present where the model's folder has the files of a tokenizer: tokenizer.json, or those of its family. */
  readonly tokenizer?: Tokenizer;
  /** What of the folder's tokenizer files is not read, and why; where `tokenizer` exists, what transformers reads in another way. */
  readonly tokenizerProblem?: string;
  /** Of a model that reads sound: makes of a sound what `generate` and `forward` read, one window or all samples. */
  readonly features?: {
    /** @throws ModelError `invalid_input` */
    extract(sound: SoundInput): Promise<SpeechFeatures>;
  };
  private disposed = false;

  private constructor(
    private readonly running: RunningModel,
    /** @internal Reports a warning. */
    readonly warn: (message: string) => void,
  ) {
    const { config, tokenizerProblem } = running.facts;
    this.config = frozen(config);
    this.tokenizer = tokenizerOf(running);
    this.tokenizerProblem = tokenizerProblem;
    if (config.input) this.features = { extract: (sound) => this.extract(sound) };
  }

  /**
   * Loads a model from a folder with config.json, weights and, for text, the tokenizer's files.
   * @param source see {@link Source}
   * @param options see {@link LoadOptions}
   * @throws ModelError; `signal.reason` once aborted
   */
  static async load(source: Source, options: LoadOptions = {}): Promise<Seq2Seq> {
    const { onWarning = warnOnConsole, ...others } = checkLoadOptions(options);
    others.signal?.throwIfAborted();
    return new Seq2Seq(await openModel(source, { ...others, onWarning }), onWarning);
  }

  /**
   * Generates with greedy search, beam search or sampling, as the options say.
   * @param input token ids of the encoder, one row or several of any lengths; for a model that reads sound, an object with it and
   *   the options, see {@link SpeechCall}
   * @param options see {@link GenerationConfig}, and {@link SpeechOptions} of Whisper
   * @throws ModelError; `signal.reason` once aborted
   */
  async generate(input: ModelInput, options: GenerationConfig & SpeechOptions = {}): Promise<GenerateOutput> {
    return this.calls().generate(input, options);
  }

  /**
   * Like `generate`, token by token. Leaving the loop stops the work. While the reader pauses, only the steps in flight are
   * computed. A beam search yields a token of its best sequence as soon as all beams agree on it.
   * @param input as for `generate`
   * @param options as for `generate`, without attentions and hidden states
   * @returns at its end, what `generate` returns: all sequences, their scores, `stats`
   * @throws ModelError; `signal.reason` once aborted
   */
  async *stream(input: ModelInput, options: GenerationConfig & SpeechOptions = {}): StepStream {
    return yield* this.calls().stream(input, options);
  }

  /**
   * Text in, text out: `generate` for summaries, corrections, answers, whatever the model was trained for. A prefix that it
   * expects is part of the text ("summarize: "). A beginning of the output may be given as `decoder_input_ids`; it is in the text.
   * @param texts one text, or several of any lengths; each has to fit the model, or see `truncation`
   * @param options those of `generate`, `truncation`, and languages; see {@link TextOptions}
   * @returns the whole output of `generate` with `texts`, `input_ids` and `truncated` beside it
   * @throws ModelError: `file_not_found` without a tokenizer, `invalid_input` for a text that is too long or empty;
   *   `signal.reason` once aborted
   */
  async generateText(texts: string | string[], options: TextOptions = {}): Promise<GenerateTextOutput> {
    return this.calls().generateText(texts, options);
  }

  /**
   * Like `generateText` for one text, piece by piece: joined they are its text, but for one that begins with
   * `decoder_input_ids`, of which the stream has the new part. A piece is never empty and never taken back. Leaving the loop
   * stops the work.
   * @param options as for `generateText`; what returns more than a text is refused
   * @throws ModelError; `signal.reason` once aborted
   */
  async *streamText(text: string, options: TextOptions = {}): AsyncGenerator<string, void, undefined> {
    yield* this.calls().streamText(text, options);
  }

  /**
   * One teacher-forced pass: the scores of every next token of a target that is known.
   * @param input ids of both sides, see {@link ForwardInput}
   * @param options what else to return, see {@link ForwardOptions}
   * @returns logits (B, T, V), encoder states (B, S, D), and the outputs that `options` asks for
   * @throws ModelError, such as `invalid_input` for an id that is not in the vocabulary
   */
  async forward(input: ForwardInput, options: ForwardOptions = {}): Promise<ForwardOutput> {
    return this.calls().forward(input, options);
  }

  /**
   * Which language is spoken: of a Whisper of several languages.
   * @param input the features, see {@link SpeechInput}
   * @returns for each row the languages with their probabilities, most probable first
   * @throws ModelError where the model tells no languages apart
   */
  async detectLanguage(input: SpeechInput): Promise<[language: string, probability: number][][]> {
    return this.calls().detectLanguage(input);
  }

  /**
   * Where the time goes on this device: each operation of the encoder and of one step of the decoder, and the speed of its memory.
   * Takes a second or a few, more on the device "cpu", and 128 MB for as long; calls that run meanwhile make it less exact.
   * @throws ModelError, `out_of_memory` for one; `signal.reason` once aborted
   */
  async profile(options: { signal?: AbortSignal } = {}): Promise<Profile> {
    return this.calls().profile(options);
  }

  /** Where the model runs. A GPU that is lost again and again is given up for "wasm". */
  get device(): "webgpu" | "wasm" | "cpu" {
    return this.running.state().device;
  }

  /** What the browser reports about the GPU; absent on other devices. */
  get adapter(): AdapterInfo | undefined {
    return this.running.state().adapter;
  }

  /** Which variants of its kernels a GPU computes with, chosen at load (`kernels` of {@link LoadOptions}); absent on other devices. */
  get kernels(): Tuning | undefined {
    const { kernels } = this.running.state();
    return kernels && { ...kernels };
  }

  /** How many tokens fit the model's positions: `config.limits`. */
  get limits(): Limits {
    return { ...this.config.limits };
  }

  /** Bytes in use on the device, by purpose, as of the end of the last call; all 0 after `dispose`. */
  memory(): Memory {
    return { ...this.running.state().memory };
  }

  /**
   * Frees everything on the device. Running calls reject with code "disposed". This does not wait for them, because the reader
   * of a stream may pause it forever.
   */
  dispose(): Promise<void> {
    this.disposed = true;
    return this.running.dispose();
  }

  /** @internal Declared by {@link AsyncDisposing}: not every compiler knows the symbol. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  private async extract(sound: SoundInput): Promise<SpeechFeatures> {
    const { soundData } = await loadPart("opens sound", () => import("./sound-part"));
    return this.calls().extractFeatures(await soundData(sound, SAMPLE_RATE));
  }

  /** @internal What the model can do, for the classes around it. */
  calls(): ModelCalls {
    if (this.disposed) throw disposedError();
    return this.running.calls;
  }
}
