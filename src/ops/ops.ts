/**
 * The one list of operations that models are written in, with their meaning.
 *
 * Two implementations: `backends/cpu` (plain loops, the executable specification) and `backends/webgpu`.
 * Calling an operation computes nothing: it appends to the plan that `record` is recording and returns the
 * handle of the future result. A plan is then run any number of times. That is what makes a decode step a
 * replay: the shapes, buffers and bindings are settled once, and what changes from step to step (token,
 * position, cache contents) lives in tensors that the operations themselves advance.
 */

import type { BeamState } from "./beam-state";
import type { ProcessorState } from "./logits-processors";
import type { DType, Tensor } from "../tensor/tensor";

/** `gelu` is x Phi(x); `gelu_new` its approximation by tanh; `quick_gelu` x sigmoid(1.702 x); `silu` x sigmoid(x). */
export type Activation = "none" | "relu" | "gelu" | "gelu_new" | "quick_gelu" | "silu" | "tanh";

/**
 * Normalisation over the last dimension. "layer": (x - mean) / sqrt(variance + eps) * gain + bias;
 * "rms" (Zhang and Sennrich 2019): x / sqrt(mean(x^2) + eps) * gain + bias.
 */
export interface Norm {
  /** (2, D): gain, then bias. */
  readonly weights: Tensor;
  readonly eps: number;
  /** "layer" where absent. */
  readonly kind?: "layer" | "rms";
}

export interface EmbedOptions {
  /** Multiplies the row of the table. */
  scale: number;
  /** Normalises what that gives, before the positions are added. */
  norm?: Norm;
  /** (P, D) */
  positions?: Tensor;
  /** (B) u32: the position of the first id of each row; 0 where absent. */
  offset?: Tensor;
  /**
   * Counts positions as fairseq does: a pad gets row `padTokenId` of `positions`, any other id the row
   * padTokenId + offset + how many ids of its row, up to itself, are no pads.
   */
  padTokenId?: number;
}

export interface LinearOptions {
  /** (N) */
  bias: Tensor;
  /** Normalises x before the product. */
  norm?: Norm;
  /** Multiplies the product, before the bias is added; 1 where absent. */
  scale?: number;
  /** Applied to the product plus bias, before the residual. */
  activation?: Activation;
  /** (B, T, N), added last. */
  residual?: Tensor;
  /** Normalises the residual before it is added. */
  residualNorm?: Norm;
  /** (B, T, N), multiplies the result: a gated feed-forward (Shazeer 2020). Not together with a residual. */
  multiply?: Tensor;
}

/** Relative position bias (Raffel et al. 2020): a learned number for each head and bucket of distances. */
export interface PositionBias {
  /** (buckets, H) */
  table: Tensor;
  /** (2M + 1) u32: the bucket of the distance key - query, from -M to M; what is farther counts as M. */
  buckets: Tensor;
}

export interface AttentionOptions {
  heads: number;
  /** Multiplies q k^T; 1 / sqrt(Dh) where absent. */
  scale?: number;
  /** (B / G, C) u32: keys with 0 are not seen. A query that sees no key gets zeros. */
  mask?: Tensor;
  /** (B) u32: the position of the first query of each row, 0 where absent; query t sees keys 0 .. position + t. */
  causalFrom?: Tensor;
  /** Added to the scaled scores. */
  positionBias?: PositionBias;
  /**
   * (2, C, B) u32, for beams that took over each other's past: the key and value at position p of row b lie in
   * cache row ancestors[causalFrom[b] % 2][p][b], those of the newest position, causalFrom[b], in row b. With
   * `causalFrom`, for one query a row, and without groups.
   */
  ancestors?: Tensor;
}

export interface ProjectionOptions {
  /** (3I) */
  bias: Tensor;
  norm?: Norm;
  /** (B, C, 2I) */
  cache?: Tensor;
  /** (B) u32: the cache row of the first position; 0 where absent. */
  offset?: Tensor;
}

/** What greedy selection keeps on the device between steps. */
export interface Selection {
  /** (B, 1) u32: the newest token of each row, the next step's input. */
  token: Tensor;
  /** (B) u32: how many tokens the cache holds. */
  position: Tensor;
  /** (B) u32: 1 once the row has ended. */
  finished: Tensor;
  /** (C, B) u32: every selected token, by position. */
  history: Tensor;
  /** (C, B) f32: their log-probabilities. */
  logprobs: Tensor;
  /** (E) u32: the tokens that end a row. */
  eos: Tensor;
  /** What a row that has ended goes on with. */
  pad: number;
}

/** A recorded list of operations; `outputs` is what its body returned. */
export interface Plan<T = unknown> {
  readonly outputs: T;
}

/** `count` elements of `tensor`, from element `start`; whole rows of the last dimension. */
export interface Slice {
  tensor: Tensor;
  start: number;
  count: number;
}

/** What a tensor is for; `memory()` reports bytes by it. */
export type Purpose = "weights" | "cache" | "activations";

/** A backend: its tensors and plans, and the operations. */
export interface Ops extends Operations {
  readonly device: "cpu" | "webgpu";
  /** How many steps may be under way before the first one's tokens are read. */
  readonly stepsInFlight: number;

  /** A tensor that lives until `free`, filled with `data` or zeros. Floats are packed as `dtype` says, see weight-format.ts. */
  create(shape: readonly number[], dtype: DType, purpose: Purpose, data?: Float32Array | Uint32Array): Tensor;
  /**
   * Replaces the contents from element `start` on, in order with the plans submitted before and after.
   * `start` and the length are whole rows of the last dimension, unless the tensor is a single row or u32.
   */
  write(tensor: Tensor, data: Float32Array | Uint32Array, start?: number): void;
  free(tensors: Iterable<Tensor>): void;

  /** Records the operations that `body` calls. Tensors it returns (in arrays or objects, too) stay readable. */
  record<T>(label: string, body: () => T): Promise<Plan<T>>;
  /** Runs plans in order, then copies slices out. Resolves when the copies are here. */
  submit(plans: readonly Plan[], read?: readonly Slice[]): Promise<(Float32Array | Uint32Array)[]>;
  /** Frees what the plan alone uses. */
  release(plan: Plan): void;

  counters(): Counters;
  memory(): Memory;
  dispose(): void;
}

/** What models are written in; to be called inside of `record`. */
export interface Operations {
  /** norm(table[ids] * scale) + positions[offset + t]: (B, T) -> (B, T, D). Section 3.4 and 3.5 of the paper. */
  embed(ids: Tensor, table: Tensor, options: EmbedOptions): Tensor;
  /** (B, T, D) -> (B, T, D). */
  layerNorm(x: Tensor, norm: Norm): Tensor;
  /**
   * activation(norm(x) w^T * scale + bias) + residualNorm(residual), or times `multiply`:
   * (B, T, K), w (N, K) -> (B, T, N).
   */
  linear(x: Tensor, w: Tensor, options: LinearOptions): Tensor;
  /**
   * Query, key and value in one product: norm(x) w^T + bias with w (3I, K). The query is (B, T, I); key and value
   * go side by side to rows offset .. offset + T - 1 of `cache` (B, C, 2I), or of a new one where none is given.
   */
  projectQueryKeyValue(x: Tensor, w: Tensor, options: ProjectionOptions): { query: Tensor; cache: Tensor };
  /**
   * Scaled dot-product attention in `heads` heads, softmax(q k^T * scale + bias) v: query (B, T, I) and
   * cache (B / G, C, 2I) -> (B, T, I), heads side by side. Section 3.2 of the paper. Where the query has G times the
   * rows of the cache, row b reads cache row floor(b / G): the beams of a sentence share its keys.
   */
  attention(query: Tensor, cache: Tensor, options: AttentionOptions): Tensor;
  /** The softmax of `attention` itself: (B, H, T, C). */
  attentionWeights(query: Tensor, cache: Tensor, options: AttentionOptions): Tensor;
  /** Over the last dimension. */
  softmax(x: Tensor): Tensor;
  /**
   * Takes the largest of the logits (B, 1, V), the lowest id where several are equal, and advances `selection`:
   * history and logprobs at the row's position, token, position + 1, finished.
   */
  selectGreedy(logits: Tensor, selection: Selection): void;
  /** Applies rules to the scores (R, 1, V) of the next token, in place; see `LogitsProcessors`. */
  processLogits(scores: Tensor, state: ProcessorState): void;
  /** x - log(sum(exp(x))) over the last dimension. */
  logSoftmax(x: Tensor): Tensor;
  /**
   * The k largest of each row, largest first, of equals the lowest index: (..., V) -> (R, k, 2) u32, the bits of the
   * value and its index.
   */
  topK(x: Tensor, k: number): Tensor;
  /**
   * The best continuations of each item: log-probabilities (R, 1, V) plus the running scores of `state` -> (B, N, 2) u32,
   * bits of the sum and beam * V + token, ordered as `topK` does.
   */
  beamCandidates(logprobs: Tensor, state: BeamState): Tensor;
  /** Goes on with the best candidates and advances `state`: one step of beam search. V is `vocabSize`. */
  advanceBeams(candidates: Tensor, state: BeamState, vocabSize: number): void;
  /**
   * The finished hypothesis in each slot of `state`, walked back to its start: (R, 3, C) u32, the fields of `trace` by
   * position, but the log-probability of the token where that has the running score; 0 past its end.
   */
  backtrace(state: BeamState): Tensor;
}

/** Counts since the backend was made. On the CPU only the memory is real, the rest is 0. */
export interface Counters {
  dispatches: number;
  submits: number;
  readbacks: number;
  /** Bytes copied from the device to JavaScript. */
  readback_bytes: number;
  buffers_created: number;
  bind_groups_created: number;
  buffer_writes: number;
  pipelines_created: number;
}

export function zeroCounters(): Counters {
  return {
    dispatches: 0,
    submits: 0,
    readbacks: 0,
    readback_bytes: 0,
    buffers_created: 0,
    bind_groups_created: 0,
    buffer_writes: 0,
    pipelines_created: 0,
  };
}

/** Live bytes on the device, by purpose. */
export interface Memory {
  weights: number;
  cache: number;
  activations: number;
  staging: number;
}
