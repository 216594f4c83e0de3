/** A loaded encoder-decoder model in this thread: what the public class `Seq2Seq` (src/api/) calls, here or in a worker. */

import { openBackend, type SpeechOperations } from "./device";
import type { AdapterInfo } from "../backends/webgpu/adapter";
import { invariant, ModelError } from "../errors";
import { checkIds, inputBatch, toRows, type Batch } from "../generation/batch";
import type { ForwardOptions, ForwardOutput } from "../generation/forward";
import type { GenerationConfig } from "../generation/options/generation-config";
import type { SpeechContext, SpeechInput, SpeechOptions } from "../generation/speech/call";
import { createSentences, resultsOf, runSentences } from "../generation/generate";
import { createRequest, type Request } from "../generation/request";
import { SessionPool } from "../generation/device/session";
import { startStats } from "../generation/stats";
import { loadModel, type LoadedModel } from "./load";
import { checkLoadOptions, warnOnConsole, type LoadOptions } from "./load-options";
import type { ModelFiles } from "../loading/sources/files";
import { openSource, type Source } from "../loading/sources/source";
import type { Model } from "../models/model";
import type { Memory, Ops } from "../ops/ops";
import { modelConfig, type Limits, type ModelConfig } from "./model-config";
import { checkBoolean, checkedOptions } from "./options";
import type { ForwardInput, GenerateOutput, ModelInput, StreamStep } from "./results";
import type { GenerateTextOutput, TextOptions } from "./text-calls";
import { speechPart, wholePasses } from "./parts";
import { generatedOf, speechInput } from "./speech-calls";
import type { Tokenizer } from "../text/tokenizer";
import type { LocalTranslator, TranslatorSetup } from "./translator";
import { withoutNulls } from "../util/given";

/** Decoder positions of the session that is made at load: enough for a translation. */
const FIRST_TARGET = 256;

/**
 * Makes the pool of sessions and, on a GPU, a first session for a short sentence. That compiles the kernels while the weights
 * are still arriving, and not in the first call.
 */
async function firstSession(model: Model, ops: Ops): Promise<SessionPool> {
  const sessions = new SessionPool(ops, model);
  if (ops.device === "webgpu") {
    const targetLength = Math.min(model.info.maxTargetLength, FIRST_TARGET);
    const session = await sessions.take({
      batchSize: 1,
      width: 1,
      endTokens: 1,
      sourceLength: model.info.features?.least ?? 1,
      targetLength,
    });
    await session.select();
    sessions.give(session);
  }
  return sessions;
}

/**
 * A loaded encoder-decoder model: token ids in, token ids and tensors out. One model may run several calls at a time; they
 * take turns, one step each.
 */
export class LocalSeq2Seq {
  /** Where the model runs. */
  readonly device: "webgpu" | "wasm" | "cpu";
  /** What the browser reports about the GPU; absent on other devices. */
  readonly adapter?: AdapterInfo;
  /** Present where the model's folder has the files of a tokenizer: tokenizer.json, or those of its family. */
  readonly tokenizer?: Tokenizer;
  /** Why there is no `tokenizer` although the folder has files of one: which files, and why they are not read. */
  readonly tokenizerProblem?: string;
  /** What was read of config.json and generation_config.json: start, end and pad tokens, sizes, limits. Frozen. */
  readonly config: ModelConfig;
  private readonly warned = new Set<string>();
  private disposed = false;

  private constructor(
    private readonly ops: Ops,
    private readonly loaded: LoadedModel,
    private readonly sessions: SessionPool,
    private readonly onWarning: (message: string) => void,
    adapter?: AdapterInfo,
  ) {
    this.device = ops.device;
    this.adapter = adapter;
    this.tokenizer = loaded.tokenizer;
    this.tokenizerProblem = loaded.tokenizerProblem;
    const generation = { ...loaded.generationConfig, ...withoutNulls(loaded.familyFields) };
    this.config = modelConfig(loaded.info, generation, loaded.config);
  }

  /**
   * Loads a model from a folder with config.json, weights and, for text, the tokenizer's files.
   * @param source see {@link Source}
   * @param options see {@link LoadOptions}
   * @throws ModelError; `signal.reason` once aborted
   */
  static async load(source: Source | ModelFiles, options: LoadOptions = {}): Promise<LocalSeq2Seq> {
    const {
      device = "auto",
      dtype = "auto",
      arithmetic = "f32",
      threads = "auto",
      kernels = "auto",
      signal,
      onProgress,
      onWarning = warnOnConsole,
    } = checkLoadOptions(options);
    signal?.throwIfAborted();
    const files = "open" in Object(source) ? (source as ModelFiles) : openSource(source as Source);
    const format = dtype === "auto" ? "f32" : dtype;
    let adapter: AdapterInfo | undefined;
    const createOps = async (more?: SpeechOperations): Promise<Ops> => {
      const backend = await openBackend(device, { arithmetic, threads, kernels, format, more }, onWarning);
      adapter = backend.adapter;
      return backend.ops;
    };
    let starting: Promise<SessionPool> | undefined;
    const onBuilt = (model: Model, ops: Ops): void => {
      starting = firstSession(model, ops);
      // If loading fails, the caller gets that error instead.
      starting.catch(() => undefined);
    };
    const loaded = await loadModel(files, createOps, { signal, onProgress, onWarning, format, onBuilt });
    try {
      onProgress?.({ phase: "compile", file: "shaders", loaded: 0, total: 1 });
      const sessions = await starting;
      invariant(sessions, "load: the model was never built");
      signal?.throwIfAborted();
      onProgress?.({ phase: "compile", file: "shaders", loaded: 1, total: 1 });
      return new LocalSeq2Seq(loaded.ops, loaded, sessions, onWarning, adapter);
    } catch (error) {
      loaded.ops.dispose();
      throw error;
    }
  }

  /**
   * Generates with greedy search, beam search or sampling, as the options say.
   * @param input token ids of the encoder: one row, or several of any lengths; for a model that reads sound, an object with it
   *   and, if you like, the options, see {@link SpeechCall}
   * @param given see {@link GenerationConfig}
   * @throws ModelError; `signal.reason` once aborted
   */
  async generate(input: ModelInput, given: GenerationConfig & SpeechOptions = {}): Promise<GenerateOutput> {
    const { request, options, prompts, wanted: judging } = await this.prepare("generate", input, given);
    const stats = startStats(this.ops);
    const sentences = await createSentences(request, this.loaded.model);
    const reviews = judging && (await speechPart()).createReviews(this.ops, this.loaded.model, request.config, judging);
    const run = runSentences(this.engine(), request, sentences, stats.encoded, false, reviews?.review);
    for await (const _ of run) stats.step();
    const found = resultsOf(sentences);
    const output: GenerateOutput = {
      sequences: found.map(({ tokens }) => tokens),
      stats: stats.end(found.reduce((sum, { choices }) => sum + choices.length, 0)),
    };
    if (prompts) output.generated = generatedOf(output.sequences, request);
    if (reviews) Object.assign(output, reviews.of(sentences));
    if (request.config.numBeams > 1) output.sequences_scores = found.map(({ score = 0 }) => score);
    if (request.logprobs) {
      output.token_logprobs = found.map(({ choices }) => choices.map(({ logprob }) => logprob));
    }
    if (request.alternatives > 0) {
      output.alternatives = found.map(({ choices }) => choices.map(({ alternatives = [] }) => alternatives));
    }
    const wanted = {
      attentions: options.output_attentions === true,
      hiddenStates: options.output_hidden_states === true,
    };
    if (wanted.attentions || wanted.hiddenStates) {
      const perRow = request.config.numReturnSequences;
      const { ops, loaded } = this;
      const { stateOutputs } = await wholePasses();
      Object.assign(output, await stateOutputs(ops, loaded.model, request.batch, output.sequences, perRow, wanted));
    }
    return output;
  }

  /**
   * Like `generate`, token by token. Leaving the loop stops the work. While the reader pauses, only the steps in flight are
   * computed. A beam search yields a token as soon as all beams agree on it.
   */
  async *stream(
    input: ModelInput,
    given: GenerationConfig & SpeechOptions = {},
  ): AsyncGenerator<StreamStep, void, undefined> {
    const { request, options } = await this.prepare("stream", input, given);
    const refuse = (name: string, hint = "Use generate()."): never => {
      throw new ModelError("unsupported_option", `stream: ${name} is not supported.`, hint);
    };
    if (options.output_attentions) refuse("output_attentions");
    if (options.output_hidden_states) refuse("output_hidden_states");
    const { numBeams, numReturnSequences: n } = request.config;
    if (numBeams > 1 && n > 1) refuse(`num_return_sequences = ${n} in a beam search`);
    const sentences = await createSentences(request, this.loaded.model);
    for await (const _ of runSentences(this.engine(), request, sentences, () => undefined, true)) {
      for (const { index, search } of sentences) {
        for (const { index: i, choice } of search.settled()) {
          const step: StreamStep = { row: index * n + i, token: choice.token };
          if (request.logprobs) step.logprob = choice.logprob;
          if (choice.alternatives) step.alternatives = choice.alternatives;
          yield step;
        }
      }
    }
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
    const call = this.textCall("generateText", texts, options);
    const output = await this.generate(call.input_ids, call.options);
    const written = output.sequences.map(([, ...tokens]) => this.loaded.text.textOf(call.tokenizer, tokens));
    return { ...output, texts: written, input_ids: call.input_ids, truncated: call.truncated };
  }

  /**
   * Like `generateText` for one text, piece by piece: joined they are its text, but for one that begins with
   * `decoder_input_ids`, of which the stream has the new part. A piece is never empty and never taken back. Leaving the loop
   * stops the work.
   * @param options as for `generateText`; what returns more than a text is refused
   * @throws ModelError; `signal.reason` once aborted
   */
  async *streamText(text: string, options: TextOptions = {}): AsyncGenerator<string, void, undefined> {
    const call = this.textCall("streamText", text, options);
    const [cut] = call.truncated;
    if (cut > 0) this.warn(`streamText: ${cut} tokens of the text did not fit and were left out.`);
    const stream = this.loaded.text.createTextStream(call.tokenizer);
    for await (const { token } of this.stream(call.input_ids, { num_return_sequences: 1, ...call.options })) {
      const piece = stream.push(token);
      if (piece !== "") yield piece;
    }
    const rest = stream.end();
    if (rest !== "") yield rest;
  }

  /**
   * One teacher-forced pass.
   * @returns logits (B, T, V), encoder states (B, S, D), and the outputs that `options` asks for
   */
  async forward(given: ForwardInput, options: ForwardOptions = {}): Promise<ForwardOutput> {
    this.checkAlive();
    const { info } = this.loaded.model;
    const names = info.features ? [info.features.name] : ["input_ids", "attention_mask"];
    const checked = checkedOptions("forward", given, [...names, "decoder_input_ids"] as (keyof ForwardInput)[]);
    const { input_ids, attention_mask, decoder_input_ids } = checked;
    const wanted = checkedOptions("forward", options, ["output_attentions", "output_hidden_states"]);
    checkBoolean("forward", "output_attentions", wanted.output_attentions);
    checkBoolean("forward", "output_hidden_states", wanted.output_hidden_states);
    const input = info.features
      ? (await speechPart()).speechBatch("forward", { ...checked }, info)
      : inputBatch(input_ids, attention_mask, info, { padTokenId: info.padTokenId, onWarning: this.warn });
    const target = toRows("decoder_input_ids", decoder_input_ids);
    checkIds(target, {
      name: "decoder_input_ids",
      vocabSize: info.targetVocabSize,
      maxLength: info.maxTargetLength,
    });
    if (target.length !== input.ids.length) {
      throw new ModelError(
        "invalid_input",
        `forward: decoder_input_ids has ${target.length} rows, but ${names[0]} has ${input.ids.length}.`,
      );
    }
    const { forward } = await wholePasses();
    return forward(this.ops, this.loaded.model, input, target, wanted);
  }

  /**
   * Which language is spoken: of a multilingual Whisper.
   * @returns for each row the languages with their probabilities, most probable first
   */
  async detectLanguage(input: SpeechInput): Promise<[language: string, probability: number][][]> {
    this.checkAlive();
    if (!this.loaded.info.features)
      throw new ModelError("unsupported_option", "detectLanguage: this model reads token ids, not sound.");
    const { languageProbabilities } = await speechPart();
    const checked = checkedOptions("detectLanguage", input, ["input_features"]);
    return languageProbabilities("detectLanguage", { ...checked }, this.speechContext());
  }

  /** How many tokens fit the model's positions: `config.limits`. */
  get limits(): Limits {
    return { ...this.config.limits };
  }

  /** Bytes in use on the device, by purpose; all 0 after `dispose`. */
  memory(): Memory {
    return this.ops.memory();
  }

  /**
   * Frees everything on the device. Running calls reject with code "disposed". This does not wait for them, because the reader
   * of a stream may pause it forever.
   */
  dispose(): Promise<void> {
    this.disposed = true;
    this.ops.dispose();
    return Promise.resolve();
  }

  private checkAlive(): void {
    if (this.disposed) throw new ModelError("disposed", "This model has been disposed.", "Load it again.");
  }

  private engine() {
    return { ops: this.ops, model: this.loaded.model, sessions: this.sessions };
  }

  /** @throws ModelError without a tokenizer, or for languages that the model's files contradict */
  translator(setup: TranslatorSetup): LocalTranslator {
    return this.loaded.text.createTranslator(this, setup);
  }

  private textCall(where: "generateText" | "streamText", texts: unknown, options: TextOptions) {
    this.checkAlive();
    const { checkTextStream, textCall } = this.loaded.text;
    if (where === "streamText") checkTextStream(texts, options);
    const { tokenizer, tokenizerProblem, warn } = this;
    return textCall(where, texts, options, { tokenizer, tokenizerProblem, warn, limit: this.config.limits.source });
  }

  /** Checks the arguments of a call. */
  private async prepare(where: string, given: unknown, options: GenerationConfig & SpeechOptions) {
    this.checkAlive();
    const checked = checkedOptions(where, options);
    if (!this.loaded.info.features) return { request: this.request(where, given, checked), options: checked };
    const speech = await speechPart();
    const call = { ...speechInput(where, given, this.loaded.info), ...checked };
    const prepared = await speech.prepareSpeech(where, call, this.speechContext());
    const request = this.request(where, prepared.batch, prepared.options);
    request.config.timestamps = prepared.whisper && speech.timestampRules(prepared.whisper, request.config);
    return { request, options: prepared.options, prompts: prepared.prompts, wanted: prepared.wanted };
  }

  private speechContext(): SpeechContext {
    return {
      info: this.loaded.info,
      fields: this.loaded.familyFields,
      file: this.loaded.generationFile,
      start: this.config.decoder_start_token_id,
      maxLength: this.loaded.generationConfig.max_length,
      scores: (batch, start) => this.scoresAfter(batch, start),
    };
  }

  private request(where: string, input: unknown, options: GenerationConfig): Request {
    const { info, generationConfig, generationFile, tokenizer } = this.loaded;
    return createRequest(where, input, options, {
      info,
      generationConfig,
      generationFile,
      decode: tokenizer && ((ids) => tokenizer.decode(ids)),
      tokenizerProblem: this.tokenizerProblem,
      onWarning: this.warn,
    });
  }

  /** The logits (V) after the start token alone, for each row of sound. */
  private async scoresAfter(batch: Batch, start: number): Promise<Float32Array[]> {
    const { forward } = await wholePasses();
    const target = batch.ids.map(() => [start]);
    const { logits } = await forward(this.ops, this.loaded.model, batch, target, {});
    const [rows, , width] = logits.shape;
    return Array.from({ length: rows }, (_, row) => logits.data.subarray(row * width, (row + 1) * width));
  }

  /** @internal Reports each warning once per model. */
  readonly warn = (message: string): void => {
    if (this.warned.has(message)) return;
    this.warned.add(message);
    this.onWarning(message);
  };
}
