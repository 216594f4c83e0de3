/** The public class: a loaded encoder-decoder model, its generation and its forward pass. */

import { createCpuBackend } from "./backends/cpu/backend";
import { createWebGpuBackend, type AdapterInfo } from "./backends/webgpu/backend";
import { ModelError } from "./errors";
import { checkIds, sourceBatch, toRows, type Batch } from "./generation/batch";
import { resolveConfig, type GenerationConfig } from "./generation/config";
import { forward, type ForwardOptions, type ForwardOutput } from "./generation/forward";
import { greedySearch, type Step } from "./generation/search";
import { SessionPool } from "./generation/session";
import { startStats, type Stats } from "./generation/stats";
import { loadModel, type LoadedModel } from "./load";
import { openSource, type Source } from "./loading/source";
import type { DownloadProgress } from "./loading/download";
import type { Memory, Ops } from "./ops";
import { checkBoolean, checkedOptions } from "./options";
import type { Tokenizer } from "./text/tokenizer";

export interface LoadOptions {
  /** "auto" (the default) takes the GPU where there is one and the CPU elsewhere. */
  device?: "auto" | "webgpu" | "cpu";
  /** How weights are stored on the device. "auto" (the default) is "f32"; the smaller ones are not there yet. */
  dtype?: "auto" | "f32" | "f16" | "q8" | "q4";
  /** Stops the download; `load` rejects with `signal.reason`. */
  signal?: AbortSignal;
  onProgress?: (progress: LoadProgress) => void;
  /** There is no Worker yet: both values run the engine in the calling thread. */
  worker?: boolean;
}

/** "download" counts the bytes of one file; "compile" says that the kernels are being compiled. */
export type LoadProgress = DownloadProgress | { phase: "compile"; file: string; loaded: number; total: number };

export interface GenerateOutput {
  /** As Hugging Face returns them: decoder start token first, end token last where it came; no padding. */
  sequences: number[][];
  /** With `output_scores`: the natural logarithm of each generated token's probability, start token excluded. */
  token_logprobs?: number[][];
  /**
   * With `output_attentions`: [row][step][layer], heads x source, row by row. Step t is the one that generated
   * token t + 1 of the sequence; source covers the row as it was given.
   */
  cross_attentions?: Float32Array[][][];
  stats: Stats;
}

export interface StreamStep {
  row: number;
  token: number;
  logprob?: number;
}

export interface ForwardInput {
  input_ids: number[] | number[][];
  attention_mask?: number[] | number[][];
  decoder_input_ids: number[] | number[][];
}

export class Seq2Seq {
  /** Where the model runs. */
  readonly device: "webgpu" | "cpu";
  /** What the browser says of the GPU; absent on the CPU. `fallback` marks a software implementation. */
  readonly adapter?: AdapterInfo;
  /** Present where the source has a tokenizer.json. */
  readonly tokenizer?: Tokenizer;
  private readonly sessions: SessionPool;
  private disposed = false;

  private constructor(
    private readonly ops: Ops,
    private readonly loaded: LoadedModel,
    adapter?: AdapterInfo,
  ) {
    this.device = ops.device;
    this.adapter = adapter;
    this.tokenizer = loaded.tokenizer;
    this.sessions = new SessionPool(ops, loaded.model);
  }

  /**
   * Loads a model from a folder of config.json and model.safetensors.
   * @param source see {@link Source}
   * @throws ModelError; `signal.reason` once aborted
   */
  static async load(source: Source, options: LoadOptions = {}): Promise<Seq2Seq> {
    const { device = "auto", signal, onProgress } = checkLoadOptions(options);
    signal?.throwIfAborted();
    const files = openSource(source);
    let adapter: AdapterInfo | undefined;
    const createOps = async (): Promise<Ops> => {
      if (device === "cpu") return createCpuBackend();
      try {
        const backend = await createWebGpuBackend();
        adapter = backend.adapter;
        return backend.ops;
      } catch (error) {
        const none = error instanceof ModelError && error.code === "unsupported_device";
        if (device === "auto" && none) return createCpuBackend();
        throw error;
      }
    };
    const loaded = await loadModel(files, createOps, { signal, onProgress });
    const model = new Seq2Seq(loaded.ops, loaded, adapter);
    try {
      // The session of a short sentence: compiles the kernels now rather than at the first call.
      onProgress?.({ phase: "compile", file: "shaders", loaded: 0, total: 1 });
      model.sessions.give(await model.sessions.take(1, 1, loaded.model.info.maxTargetLength));
      signal?.throwIfAborted();
      onProgress?.({ phase: "compile", file: "shaders", loaded: 1, total: 1 });
    } catch (error) {
      await model.dispose();
      throw error;
    }
    return model;
  }

  /**
   * Greedy search.
   * @param inputIds source token ids, one row or several of any lengths
   * @param given see {@link GenerationConfig}
   * @throws ModelError; `signal.reason` once aborted
   */
  async generate(inputIds: number[] | number[][], given: GenerationConfig = {}): Promise<GenerateOutput> {
    const { batch, config, options } = this.prepare(inputIds, given);
    const stats = startStats(this.ops);
    const sequences = batch.ids.map(() => [config.startTokenId]);
    const logprobs = batch.ids.map((): number[] => []);
    for await (const step of this.search(batch, config, options, stats.encoded)) {
      stats.step();
      forEachLive(sequences, config.eosTokenIds, step, (row, token, logprob) => {
        sequences[row].push(token);
        logprobs[row].push(logprob);
      });
    }
    const output: GenerateOutput = {
      sequences,
      stats: stats.end(sequences.reduce((sum, row) => sum + row.length - 1, 0)),
    };
    if (options.output_scores) output.token_logprobs = logprobs;
    if (options.output_attentions) output.cross_attentions = await this.crossAttentions(batch, sequences);
    return output;
  }

  /** Like `generate`, token by token; leaving the loop stops the work. */
  async *stream(
    inputIds: number[] | number[][],
    given: GenerationConfig = {},
  ): AsyncGenerator<StreamStep, void, undefined> {
    const { batch, config, options } = this.prepare(inputIds, given);
    if (options.output_attentions) {
      throw new ModelError("unsupported_option", "stream: output_attentions is not supported.", "Use generate().");
    }
    const sequences = batch.ids.map(() => [config.startTokenId]);
    for await (const step of this.search(batch, config, options, () => undefined)) {
      const live: StreamStep[] = [];
      forEachLive(sequences, config.eosTokenIds, step, (row, token, logprob) => {
        sequences[row].push(token);
        live.push(options.output_scores ? { row, token, logprob } : { row, token });
      });
      yield* live;
    }
  }

  /**
   * One teacher-forced pass.
   * @returns logits (B, T, V), encoder states (B, S, D) and what `options` asks for
   */
  async forward(input: ForwardInput, options: ForwardOptions = {}): Promise<ForwardOutput> {
    this.checkAlive();
    checkedOptions("forward", input, ["input_ids", "attention_mask", "decoder_input_ids"]);
    const wanted = checkedOptions("forward", options, ["output_attentions", "output_hidden_states"]);
    checkBoolean("forward", "output_attentions", wanted.output_attentions);
    checkBoolean("forward", "output_hidden_states", wanted.output_hidden_states);
    const { info } = this.loaded.model;
    const source = this.source(input.input_ids, input.attention_mask, info.padTokenId);
    const target = toRows("decoder_input_ids", input.decoder_input_ids);
    checkIds(target, {
      name: "decoder_input_ids",
      vocabSize: info.targetVocabSize,
      maxLength: info.maxTargetLength,
    });
    if (target.length !== source.ids.length) {
      throw new ModelError(
        "invalid_input",
        `forward: ${source.ids.length} rows of input_ids but ${target.length} of decoder_input_ids.`,
      );
    }
    return forward(this.ops, this.loaded.model, source, target, wanted);
  }

  /** Live bytes, by purpose; all 0 after `dispose`. */
  memory(): Memory {
    return this.ops.memory();
  }

  /**
   * Frees everything on the device. Calls under way reject with code "disposed"; they are not waited for, since a
   * stream may be paused for as long as its reader likes.
   */
  dispose(): Promise<void> {
    this.disposed = true;
    this.ops.dispose();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  private checkAlive(): void {
    if (this.disposed) throw new ModelError("disposed", "This model has been disposed of.", "Load it again.");
  }

  private source(inputIds: unknown, attentionMask: unknown, padTokenId: number): Batch {
    const { info } = this.loaded.model;
    return sourceBatch(inputIds, attentionMask, padTokenId, {
      name: "input_ids",
      vocabSize: info.sourceVocabSize,
      maxLength: info.maxSourceLength,
    });
  }

  private prepare(inputIds: unknown, given: GenerationConfig) {
    this.checkAlive();
    const options = checkedOptions("generate", given);
    const config = resolveConfig(options, this.loaded.generationConfig, this.loaded.model.info);
    return { batch: this.source(inputIds, options.attention_mask, config.padTokenId), config, options };
  }

  private async *search(
    batch: Batch,
    config: ReturnType<typeof resolveConfig>,
    options: GenerationConfig,
    onEncoded: () => void,
  ): AsyncGenerator<Step, void, undefined> {
    options.signal?.throwIfAborted();
    const session = await this.sessions.take(batch.ids.length, batch.length, config.maxNewTokens);
    try {
      const settings = { ...config, logprobs: options.output_scores === true };
      yield* greedySearch(this.ops, session, batch, settings, options.signal, onEncoded);
    } finally {
      this.sessions.give(session);
    }
  }

  /** Reads the weights off one teacher-forced pass over the finished sequences. */
  private async crossAttentions(batch: Batch, sequences: number[][]): Promise<Float32Array[][][]> {
    const inputs = sequences.map((row) => row.slice(0, -1));
    const wanted = { output_attentions: true };
    const { cross_attentions: layers = [] } = await forward(this.ops, this.loaded.model, batch, inputs, wanted);
    return inputs.map((row, b) =>
      row.map((_, t) =>
        layers.map(({ data, shape: [, heads, length, source] }) => {
          const own = batch.ids[b].length;
          const out = new Float32Array(heads * own);
          for (let h = 0; h < heads; h++) {
            const from = ((b * heads + h) * length + t) * source;
            out.set(data.subarray(from, from + own), h * own);
          }
          return out;
        }),
      ),
    );
  }
}

/** Calls `use` for each row whose sequence has not ended before this step. */
function forEachLive(
  sequences: number[][],
  eosTokenIds: number[],
  step: Step,
  use: (row: number, token: number, logprob: number) => void,
): void {
  sequences.forEach((sequence, row) => {
    const ended = sequence.length > 1 && eosTokenIds.includes(sequence[sequence.length - 1]);
    if (!ended) use(row, step.tokens[row], step.logprobs?.[row] ?? 0);
  });
}

function checkLoadOptions(given: LoadOptions): LoadOptions {
  const options = checkedOptions("load", given, ["device", "dtype", "signal", "onProgress", "worker"]);
  const { device = "auto", dtype = "auto", worker = true, onProgress } = options;
  const wrong = (name: string, value: unknown, choices: string) =>
    new ModelError("invalid_option", `load: ${name} must be ${choices}, not ${JSON.stringify(value)}.`);
  if (!["auto", "webgpu", "cpu"].includes(device)) throw wrong("device", device, '"auto", "webgpu" or "cpu"');
  if (!["auto", "f32", "f16", "q8", "q4"].includes(dtype))
    throw wrong("dtype", dtype, '"auto", "f32", "f16", "q8" or "q4"');
  checkBoolean("load", "worker", worker);
  if (onProgress && typeof onProgress !== "function") throw wrong("onProgress", onProgress, "a function");
  if (dtype !== "auto" && dtype !== "f32") {
    throw new ModelError("unsupported_option", `load: dtype "${dtype}" is not supported yet.`, 'Use "f32" or "auto".');
  }
  return options;
}
