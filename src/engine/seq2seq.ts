/** A loaded encoder-decoder model in this thread: what the public class `Seq2Seq` (src/api/) calls, here or in a worker. */

import { addStates, outputOf } from "./call-output";
import { Engines } from "./engines";
import { forwardCall, scoresAfter } from "./forward-call";
import type { AdapterInfo } from "../backends/webgpu/adapter";
import type { Tuning } from "../backends/webgpu/tuning";
import { disposedError, ModelError } from "../errors";
import type { ForwardOptions, ForwardOutput } from "../generation/forward";
import type { GenerationConfig } from "../generation/options/generation-config";
import type { SpeechInput, SpeechOptions } from "../generation/speech/call";
import type { SpeechContext } from "../generation/speech/context";
import { onEngine, type Engine } from "../generation/engine";
import { createSentences, runSentences } from "../generation/generate";
import { wayOf } from "../generation/way";
import { createRequest, type Request } from "../generation/request";
import { startStats } from "../generation/stats";
import { readModel, type ModelFolder } from "./load";
import { checkIntegers, checkLoadOptions, warnOnConsole, type LoadOptions } from "./load-options";
import type { ModelFiles } from "../loading/sources/files";
import { formatOf, withModelFiles, type OpenedModel } from "./model-files";
import { openSource, type Source } from "../loading/sources/source";
import type { ModelInfo } from "../models/model";
import type { Memory } from "../ops/ops";
import { modelConfig, type Limits, type ModelConfig } from "./model-config";
import { checkedOptions } from "./options";
import type { ForwardInput, GenerateOutput, ModelInput, StepStream, StreamStep } from "./results";
import type { GenerateTextOutput, TextOptions } from "./text-calls";
import { profiling, speechPart } from "./parts";
import type { Profile } from "./profile";
import { speechInput } from "./speech-calls";
import type { Tokenizer } from "../text/tokenizer";
import type { LocalTranslator, TranslatorSetup } from "./translator";
import { withoutNulls } from "../util/given";

/** The members have the names and the meanings of those of `Seq2Seq`, where each is described. */
export class LocalSeq2Seq {
  readonly tokenizer?: Tokenizer;
  readonly tokenizerProblem?: string;
  readonly config: ModelConfig;
  private readonly warned = new Set<string>();
  private readonly modelInfo: ModelInfo;
  private disposed = false;

  private constructor(
    private readonly folder: ModelFolder,
    private readonly engines: Engines,
    private readonly onWarning: (message: string) => void,
  ) {
    this.modelInfo = folder.infoOf(engines.model);
    this.tokenizer = folder.tokenizer;
    this.tokenizerProblem = folder.tokenizerProblem;
    const generation = { ...folder.generationConfig, ...withoutNulls(folder.familyFields) };
    this.config = modelConfig(this.modelInfo, generation, folder.config);
  }

  get device(): "webgpu" | "wasm" | "cpu" {
    return this.engines.device;
  }

  get adapter(): AdapterInfo | undefined {
    return this.engines.adapter;
  }

  get kernels(): Tuning | undefined {
    return this.engines.kernels;
  }

  static async load(source: Source | ModelFiles, given: LoadOptions = {}): Promise<LocalSeq2Seq> {
    const checked = checkLoadOptions(given);
    const { device = "auto", dtype = "auto", arithmetic = "f32", threads = "auto", kernels = "auto" } = checked;
    const { signal, onWarning = warnOnConsole } = checked;
    signal?.throwIfAborted();
    const load = async ({ files, onProgress, meter }: OpenedModel): Promise<LocalSeq2Seq> => {
      const format = await formatOf(files, dtype, signal);
      if (arithmetic === "int8") checkIntegers(format === "exact" ? "f32" : format);
      const folder = await readModel(files, { signal, onProgress, onWarning });
      const options = { device, arithmetic, threads, kernels, format, signal, onProgress, onWarning, meter };
      return new LocalSeq2Seq(folder, await Engines.open(folder, options), onWarning);
    };
    const folder = "open" in Object(source) ? (source as ModelFiles) : openSource(source as Source);
    return withModelFiles(folder, { ...checked, onWarning }, load);
  }

  async generate(input: ModelInput, given: GenerationConfig & SpeechOptions = {}): Promise<GenerateOutput> {
    const { request, options, prompts, wanted: judging } = await this.prepare("generate", input, given);
    const { config, signal } = request;
    const { stats, sentences } = await this.begin(request);
    const reviews = judging && (await speechPart()).createReviews(config, judging);
    const run = (engine: Engine) => runSentences(engine, request, sentences, stats, { review: reviews?.review });
    for await (const _ of this.engines.iterate(run, signal)) stats.step();
    const output = outputOf(request, sentences, stats, prompts !== undefined);
    if (reviews) Object.assign(output, reviews.of(sentences));
    await addStates(output, request, options, this.engines);
    return output;
  }

  async *stream(input: ModelInput, given: GenerationConfig & SpeechOptions = {}): StepStream {
    const { request, options, prompts } = await this.prepare("stream", input, given);
    const refuse = (name: string, hint = "Use generate()."): never => {
      throw new ModelError("unsupported_option", `stream: ${name} is not supported.`, hint);
    };
    if (options.output_attentions) refuse("output_attentions");
    if (options.output_hidden_states) refuse("output_hidden_states");
    const { numReturnSequences: n } = request.config;
    const { stats, sentences } = await this.begin(request);
    const run = (engine: Engine) => runSentences(engine, request, sentences, stats, { follow: true });
    for await (const _ of this.engines.iterate(run, request.signal)) {
      stats.step();
      for (const { index, search } of sentences) {
        for (const { index: i, choice } of search.settled()) {
          const step: StreamStep = { row: index * n + i, token: choice.token };
          if (request.logprobs) step.logprob = choice.logprob;
          if (choice.alternatives) step.alternatives = choice.alternatives;
          yield step;
        }
      }
    }
    return outputOf(request, sentences, stats, prompts !== undefined);
  }

  async generateText(texts: string | string[], options: TextOptions = {}): Promise<GenerateTextOutput> {
    const call = this.textCall("generateText", texts, options);
    const output = await this.generate(call.input_ids, call.options);
    const written = output.sequences.map(([, ...tokens]) => this.folder.text.textOf(call.tokenizer, tokens));
    return { ...output, texts: written, input_ids: call.input_ids, truncated: call.truncated };
  }

  async *streamText(text: string, options: TextOptions = {}): AsyncGenerator<string, void, undefined> {
    const call = this.textCall("streamText", text, options);
    const [cut] = call.truncated;
    if (cut > 0) this.warn(`streamText: ${cut} tokens of the text did not fit and were left out.`);
    const stream = this.folder.text.createTextStream(call.tokenizer);
    for await (const { token } of this.stream(call.input_ids, { num_return_sequences: 1, ...call.options })) {
      const piece = stream.push(token);
      if (piece !== "") yield piece;
    }
    const rest = stream.end();
    if (rest !== "") yield rest;
  }

  async forward(given: ForwardInput, options: ForwardOptions = {}): Promise<ForwardOutput> {
    this.checkAlive();
    return this.engines.run(await forwardCall(given, options, this.engines.model.info, this.warn));
  }

  async detectLanguage(input: SpeechInput): Promise<[language: string, probability: number][][]> {
    this.checkAlive();
    if (!this.modelInfo.features)
      throw new ModelError("unsupported_option", "detectLanguage: this model reads token ids, not sound.");
    const { languageProbabilities } = await speechPart();
    const checked = checkedOptions("detectLanguage", input, ["input_features"]);
    return languageProbabilities("detectLanguage", { ...checked }, this.speechContext());
  }

  async profile(given: { signal?: AbortSignal } = {}): Promise<Profile> {
    this.checkAlive();
    const { signal } = checkedOptions("profile", given, ["signal"]);
    signal?.throwIfAborted();
    const { profile } = await profiling();
    return this.engines.run((engine) => onEngine(engine, (one) => profile(one, signal), signal), signal);
  }

  get limits(): Limits {
    return { ...this.config.limits };
  }

  memory(): Memory {
    return this.engines.memory();
  }

  dispose(): Promise<void> {
    this.disposed = true;
    this.engines.dispose();
    return Promise.resolve();
  }

  private checkAlive(): void {
    if (this.disposed) throw disposedError();
  }

  /** @throws ModelError without a tokenizer, or for languages that the model's files contradict */
  translator(setup: TranslatorSetup): LocalTranslator {
    return this.folder.text.createTranslator(this, setup);
  }

  private textCall(where: "generateText" | "streamText", texts: unknown, options: TextOptions) {
    this.checkAlive();
    const { checkTextStream, textCall } = this.folder.text;
    if (where === "streamText") checkTextStream(texts, options);
    const { tokenizer, tokenizerProblem, warn } = this;
    return textCall(where, texts, options, { tokenizer, tokenizerProblem, warn, limit: this.config.limits.source });
  }

  /** Checks the arguments of a call. */
  private async prepare(where: string, given: unknown, options: GenerationConfig & SpeechOptions) {
    this.checkAlive();
    const checked = checkedOptions(where, options);
    if (!this.modelInfo.features) return { request: this.request(where, given, checked), options: checked };
    const speech = await speechPart();
    const call = { ...speechInput(where, given, this.modelInfo), ...checked };
    const prepared = await speech.prepareSpeech(where, call, this.speechContext());
    const request = this.request(where, prepared.batch, prepared.options);
    request.reusesEncoder = prepared.reusesEncoder;
    request.config.timestamps = prepared.whisper && speech.timestampRules(prepared.whisper, request.config);
    return { request, options: prepared.options, prompts: prepared.prompts, wanted: prepared.wanted };
  }

  /** The sentences of a call, and its clock. */
  private async begin(request: Request) {
    const way = wayOf(request, this.engines.model);
    const stats = startStats(this.engines, way === "javascript" ? "javascript" : "device");
    return { stats, sentences: await createSentences(request, this.engines.model, way) };
  }

  private speechContext(): SpeechContext {
    return {
      info: this.modelInfo,
      fields: this.folder.familyFields,
      file: this.folder.generationFile,
      start: this.config.decoder_start_token_id,
      maxLength: this.folder.generationConfig.max_length,
      maxNewTokens: this.folder.generationConfig.max_new_tokens,
      scores: (batch, start) => scoresAfter(this.engines, batch, start),
    };
  }

  private request(where: string, input: unknown, options: GenerationConfig): Request {
    const { generationConfig, generationFile, tokenizer } = this.folder;
    return createRequest(where, input, options, {
      info: this.modelInfo,
      generationConfig,
      generationFile,
      decode: tokenizer && ((ids) => tokenizer.decode(ids)),
      tokenizerProblem: this.tokenizerProblem,
      onWarning: this.warn,
    });
  }

  /** @internal Reports each warning once per model. */
  readonly warn = (message: string): void => {
    if (this.warned.has(message)) return;
    this.warned.add(message);
    this.onWarning(message);
  };
}
