/** The public class `Seq2Seq`: a loaded encoder-decoder model with `generate`, `stream` and `forward`. */

import { openBackend } from "./device";
import type { AsyncDisposing } from "./disposing";
import type { AdapterInfo } from "../backends/webgpu/adapter";
import { invariant, ModelError } from "../errors";
import { checkIds, inputBatch, toRows } from "../generation/batch";
import { forward, type ForwardOptions, type ForwardOutput } from "../generation/forward";
import type { GenerationConfig } from "../generation/options/generation-config";
import { createSentences, resultsOf, runSentences } from "../generation/generate";
import { stateOutputs, type StateOutputs } from "../generation/outputs";
import { createRequest } from "../generation/request";
import type { Alternative } from "../generation/search/search";
import { SessionPool } from "../generation/device/session";
import { startStats, type Stats } from "../generation/stats";
import { loadModel, type LoadedModel } from "./load";
import { checkLoadOptions, type LoadOptions } from "./load-options";
import { openSource, type Source } from "../loading/sources/source";
import type { Model } from "../models/model";
import type { Memory, Ops } from "../ops/ops";
import { checkBoolean, checkedOptions } from "./options";
import type { Tokenizer } from "../text/tokenizer";

/** The result of `generate`, with the names of Hugging Face transformers. */
export interface GenerateOutput extends StateOutputs {
  /**
   * Token ids as Hugging Face returns them, but without padding: decoder start token first, end token last if the sequence has
   * one. With `num_return_sequences` = n, those of input row i are n * i to n * i + n - 1, best first.
   */
  sequences: number[][];
  /** Beam search only: the sum of a sequence's log-probabilities divided by its length ** length_penalty. */
  sequences_scores?: number[];
  /**
   * With `output_scores`: [sequence][step], the natural logarithm of the probability of each new token, after the logits
   * processors. Hugging Face's `compute_transition_scores`, with `normalize_logits` except in a beam search.
   */
  token_logprobs?: number[][];
  /** With `output_alternatives`: [sequence][step], the most probable tokens of the step, after the logits processors. */
  alternatives?: Alternative[][][];
  /** What the call cost. */
  stats: Stats;
}

/** One token of a sequence, from `stream`. */
export interface StreamStep {
  /** Index of the sequence, as in `GenerateOutput.sequences`. */
  row: number;
  /** Its id. */
  token: number;
  /** With `output_scores`: the natural logarithm of its probability, as in `GenerateOutput.token_logprobs`. */
  logprob?: number;
  /** With `output_alternatives`: the most probable tokens of this step, best first. */
  alternatives?: Alternative[];
}

/** The longest input and output of a model. */
export interface Limits {
  /** The longest source, in tokens. */
  source: number;
  /** The most new tokens. */
  target: number;
}

/** Token ids of both sides, for one teacher-forced pass: one row, or B rows of any lengths. */
export interface ForwardInput {
  /** (B, S): the source. */
  input_ids: number[] | number[][];
  /** (B, S): 1 for each source token to read, 0 for padding. Default: 0 for the pad tokens of `input_ids`. */
  attention_mask?: (number | boolean)[] | (number | boolean)[][];
  /** (B, T): what the decoder reads, start token first. */
  decoder_input_ids: number[] | number[][];
}

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
    const session = await sessions.take({ batchSize: 1, width: 1, endTokens: 1, sourceLength: 1, targetLength });
    await session.select();
    sessions.give(session);
  }
  return sessions;
}

/* eslint-disable @typescript-eslint/no-unsafe-declaration-merging, @typescript-eslint/no-empty-object-type --
   what the interface adds is implemented below */
export interface Seq2Seq extends AsyncDisposing {}

/**
 * A loaded encoder-decoder model: token ids in, token ids and tensors out. One model may run several calls at a time; they
 * take turns, one step each.
 */
export class Seq2Seq {
  /* eslint-enable */
  /** Where the model runs. */
  readonly device: "webgpu" | "wasm" | "cpu";
  /** What the browser reports about the GPU; absent on other devices. */
  readonly adapter?: AdapterInfo;
  /** Present where the model's folder has the files of a tokenizer: tokenizer.json, or those of its family. */
  readonly tokenizer?: Tokenizer;
  /** Why there is no `tokenizer` although the folder has files of one: which files, and why they are not read. */
  readonly tokenizerProblem?: string;
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
  }

  /**
   * Loads a model from a folder with config.json, weights and, for text, the tokenizer's files.
   * @param source see {@link Source}
   * @param options see {@link LoadOptions}
   * @throws ModelError; `signal.reason` once aborted
   */
  static async load(source: Source, options: LoadOptions = {}): Promise<Seq2Seq> {
    const {
      device = "auto",
      dtype = "auto",
      arithmetic = "f32",
      signal,
      onProgress,
      onWarning = warnOnConsole,
    } = checkLoadOptions(options);
    signal?.throwIfAborted();
    const files = openSource(source);
    const format = dtype === "auto" ? "f32" : dtype;
    let adapter: AdapterInfo | undefined;
    const createOps = async (): Promise<Ops> => {
      const backend = await openBackend(device, arithmetic, onWarning);
      if (arithmetic !== "f32" && backend.ops.device === "webgpu") {
        onWarning('load: arithmetic "int8" has no effect on WebGPU; products are computed in f32.');
      }
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
      return new Seq2Seq(loaded.ops, loaded, sessions, onWarning, adapter);
    } catch (error) {
      loaded.ops.dispose();
      throw error;
    }
  }

  /**
   * Generates with greedy search, beam search or sampling, as the options say.
   * @param inputIds token ids of the encoder: one row, or several of any lengths
   * @param given see {@link GenerationConfig}
   * @throws ModelError; `signal.reason` once aborted
   */
  async generate(inputIds: number[] | number[][], given: GenerationConfig = {}): Promise<GenerateOutput> {
    const { request, options } = this.prepare("generate", inputIds, given);
    const stats = startStats(this.ops);
    const sentences = await createSentences(request, this.loaded.model);
    for await (const _ of runSentences(this.engine(), request, sentences, stats.encoded)) stats.step();
    const found = resultsOf(sentences);
    const output: GenerateOutput = {
      sequences: found.map(({ tokens }) => tokens),
      stats: stats.end(found.reduce((sum, { choices }) => sum + choices.length, 0)),
    };
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
      Object.assign(output, await stateOutputs(ops, loaded.model, request.batch, output.sequences, perRow, wanted));
    }
    return output;
  }

  /**
   * Like `generate`, token by token. Leaving the loop stops the work. While the reader pauses, only the steps in flight are
   * computed. A beam search yields a token as soon as all beams agree on it.
   */
  async *stream(
    inputIds: number[] | number[][],
    given: GenerationConfig = {},
  ): AsyncGenerator<StreamStep, void, undefined> {
    const { request, options } = this.prepare("stream", inputIds, given);
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
   * One teacher-forced pass.
   * @returns logits (B, T, V), encoder states (B, S, D), and the outputs that `options` asks for
   */
  async forward(given: ForwardInput, options: ForwardOptions = {}): Promise<ForwardOutput> {
    this.checkAlive();
    const { input_ids, attention_mask, decoder_input_ids } = checkedOptions("forward", given, [
      "input_ids",
      "attention_mask",
      "decoder_input_ids",
    ]);
    const wanted = checkedOptions("forward", options, ["output_attentions", "output_hidden_states"]);
    checkBoolean("forward", "output_attentions", wanted.output_attentions);
    checkBoolean("forward", "output_hidden_states", wanted.output_hidden_states);
    const { info } = this.loaded.model;
    const input = inputBatch(input_ids, attention_mask, info, {
      padTokenId: info.padTokenId,
      onWarning: this.warn,
    });
    const target = toRows("decoder_input_ids", decoder_input_ids);
    checkIds(target, {
      name: "decoder_input_ids",
      vocabSize: info.targetVocabSize,
      maxLength: info.maxTargetLength,
    });
    if (target.length !== input.ids.length) {
      throw new ModelError(
        "invalid_input",
        `forward: decoder_input_ids has ${target.length} rows, but input_ids has ${input.ids.length}.`,
      );
    }
    return forward(this.ops, this.loaded.model, input, target, wanted);
  }

  /** How many tokens fit the model's positions. */
  get limits(): Limits {
    const { maxSourceLength, maxTargetLength } = this.loaded.model.info;
    return { source: maxSourceLength, target: maxTargetLength };
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

  /** @internal Declared by {@link AsyncDisposing}: not every compiler knows the symbol. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  private checkAlive(): void {
    if (this.disposed) throw new ModelError("disposed", "This model has been disposed.", "Load it again.");
  }

  private engine() {
    return { ops: this.ops, model: this.loaded.model, sessions: this.sessions };
  }

  /** Checks the arguments of a call. */
  private prepare(where: string, inputIds: unknown, given: GenerationConfig) {
    this.checkAlive();
    const options = checkedOptions(where, given);
    const { generationConfig, generationFile, tokenizer } = this.loaded;
    const request = createRequest(where, inputIds, options, {
      info: this.loaded.info,
      generationConfig,
      generationFile,
      decode: tokenizer && ((ids) => tokenizer.decode(ids)),
      tokenizerProblem: this.tokenizerProblem,
      onWarning: this.warn,
    });
    return { request, options };
  }

  /** Reports each warning once per model. */
  private readonly warn = (message: string): void => {
    if (this.warned.has(message)) return;
    this.warned.add(message);
    this.onWarning(message);
  };
}

function warnOnConsole(message: string): void {
  console.warn(`attendant: ${message}`);
}
