/**
 * What a model sees of a backend: its tensors, its plans, and the operations that models are written in, with their meaning.
 *
 * Three backends: `backends/cpu` (plain loops, the executable specification), `backends/wasm` and `backends/webgpu`.
 * Calling an operation computes nothing: it appends to the plan that `record` is recording and returns the
 * handle of the future result. A plan is then run any number of times. That is what makes a decode step a
 * replay: the shapes, buffers and bindings are settled once, and what changes from step to step (token,
 * position, cache contents) lives in tensors that the operations themselves advance.
 */

import type { DType, Tensor } from "../tensor/tensor";
import type { Operations } from "./operations";
import type { Pace } from "./pace";
import type { Profiler } from "./profiler";

export type { AttentionOptions, PositionBias } from "./attention";
export type { EmbedOptions } from "./embedding";
export type { Activation, LinearOptions, ProjectionOptions, Rotary } from "./linear";
export type { Norm } from "./rowwise";
export type { Selection } from "./selection";

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
  readonly device: "cpu" | "wasm" | "webgpu";
  /** How many steps may be submitted before the first one's tokens are read. */
  readonly pace: Pace;

  /** A tensor that lives until `free`, filled with `data` or zeros. Floats are packed as `dtype` says, see weight-format.ts. */
  create(shape: readonly number[], dtype: DType, purpose: Purpose, data?: Float32Array | Uint32Array): Tensor;
  /**
   * Replaces the contents from element `start` on, in order with the plans submitted before and after.
   * `start` and the length are whole rows of the last dimension, unless the tensor is a single row or u32.
   */
  write(tensor: Tensor, data: Float32Array | Uint32Array, start?: number): void;
  /**
   * Replaces whole rows, from row `first` on, by rows that are packed as the tensor's dtype says (weight-format.ts): the words go to
   * their place as they are.
   */
  writePacked(tensor: Tensor, words: Uint32Array, first: number): void;
  /**
   * Copies a slice to `to`, from element `start` on, in order with the plans submitted before and after. Both tensors are f32, have
   * rows of one length, and are not the same.
   */
  copy(from: Slice, to: Tensor, start: number): void;
  free(tensors: Iterable<Tensor>): void;

  /** Records the operations that `body` calls. Tensors it returns (in arrays or objects, too) stay readable. */
  record<T>(label: string, body: () => T): Promise<Plan<T>>;
  /** Runs plans in order, then copies slices out. Resolves when the copies are here. */
  submit(plans: readonly Plan[], read?: readonly Slice[]): Promise<(Float32Array | Uint32Array)[]>;
  /** Frees what the plan alone uses. */
  release(plan: Plan): void;

  /** @throws ModelError what has gone wrong on the device since the backend was made; "disposed" after `dispose` */
  check(): void;
  counters(): Counters;
  memory(): Memory;
  /** What measures how long plans take here. */
  profiler(): Promise<Profiler>;
  dispose(): void;
}

/** Counts since the backend was made. On the CPU and in WebAssembly only the memory is real, the rest is 0. */
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
  /** The model's tensors. */
  weights: number;
  /** Keys and values of the decoder's attention, and what a search keeps from step to step. */
  cache: number;
  /** Results of operations. */
  activations: number;
  /** Buffers through which results are read; 0 on the CPU. */
  staging: number;
}
