/** From the `device` of a load to a backend. */

import { adapterInfo, requestAdapter, type AdapterInfo } from "../backends/webgpu/adapter";
import type { Tuning } from "../backends/webgpu/tuning";
import type { MoreGpuOperations } from "../backends/webgpu/operations";
import { ModelError } from "../errors";
import type { MoreOperations } from "../ops/operations";
import type { Ops } from "../ops/ops";
import type { WeightFormat } from "../tensor/weight-format";
import { loadPart } from "../util/part";
import type { LoadOptions } from "./load-options";
import { findGpu } from "./gpu";

/** Operations that a family needs beside those of every backend, with what loads them for a GPU. */
export interface SpeechOperations extends MoreOperations {
  gpu: () => Promise<MoreGpuOperations["gpu"]>;
}

/** How a backend computes, and the operations that the model needs beside those of every backend. */
export type Computing = Required<Pick<LoadOptions, "arithmetic" | "threads" | "kernels">> & {
  /** How the matrices of the model are stored. */
  format: WeightFormat | "exact";
  more?: SpeechOperations;
};

export interface Backend {
  ops: Ops;
  /** Of WebGPU. */
  adapter?: AdapterInfo;
  /** Of WebGPU: the variants of its kernels, which it may still be choosing. */
  kernels?: () => Tuning;
}

/** @param adapter from which no device was opened yet; by default the browser is asked for one */
async function onWebGpu(
  { kernels, format, more }: Computing,
  onWarning: (message: string) => void,
  adapter?: GPUAdapter,
): Promise<Backend> {
  const { createWebGpuBackend } = await loadPart("computes on a GPU", () => import("../backends/webgpu/backend"));
  const given = kernels === "auto" ? undefined : kernels;
  const stored = format === "exact" ? "f32" : format;
  const choosing = { kernels: given, format: stored, reference: () => specification(more), onWarning };
  return createWebGpuBackend(undefined, adapter, more && { ...more, gpu: await more.gpu() }, choosing);
}

/** What the kernels of a GPU are compared with. */
async function specification(more?: SpeechOperations): Promise<Ops> {
  const { createCpuBackend } = await loadPart("computes on the CPU", () => import("../backends/cpu/backend"));
  return createCpuBackend("f32", more);
}

async function onCpu({ arithmetic, more }: Computing): Promise<Backend> {
  const { createCpuBackend } = await loadPart("computes on the CPU", () => import("../backends/cpu/backend"));
  return { ops: createCpuBackend(arithmetic, more) };
}

async function onWasm(
  { arithmetic, threads, more }: Computing,
  onWarning: (message: string) => void,
): Promise<Backend> {
  const { createWasmBackend } = await loadPart("computes in WebAssembly", () => import("../backends/wasm/backend"));
  return { ops: await createWasmBackend(undefined, { arithmetic, threads, onWarning }, more) };
}

/** The backend, or undefined where this device can't be had here. */
async function ifSupported(start: () => Promise<Backend>, onRefusal?: (error: ModelError) => void) {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof ModelError) || error.code !== "unsupported_device") throw error;
    onRefusal?.(error);
    return undefined;
  }
}

/**
 * "auto": a hardware GPU, else WebAssembly, else plain JavaScript. A software adapter is slower than WebAssembly, so only
 * "webgpu" takes one.
 * @param onWarning is called where "auto" has to do without WebAssembly, and where `threads` has no effect
 */
export async function openBackend(
  device: NonNullable<LoadOptions["device"]>,
  computing: Computing,
  onWarning: (message: string) => void,
): Promise<Backend> {
  const backend = await choose(device, computing, onWarning);
  const { arithmetic, threads, kernels } = computing;
  const { device: taken } = backend.ops;
  if (kernels !== "auto" && taken !== "webgpu") onWarning(`load: kernels has no effect on the device "${taken}".`);
  if (arithmetic !== "f32" && taken === "webgpu")
    onWarning('load: arithmetic "int8" has no effect on WebGPU; products are computed in f32.');
  if (threads !== "auto" && threads > 1 && taken !== "wasm")
    onWarning(`load: threads: ${threads} has no effect on the device "${taken}".`);
  return backend;
}

async function choose(
  device: NonNullable<LoadOptions["device"]>,
  computing: Computing,
  onWarning: (message: string) => void,
): Promise<Backend> {
  if (device === "webgpu") return onWebGpu(computing, onWarning);
  if (device === "wasm") return onWasm(computing, onWarning);
  if (device === "cpu") return onCpu(computing);
  const found = await findGpu();
  if ("gpu" in found && !adapterInfo(found.gpu).fallback) {
    const hardware = await ifSupported(() => onWebGpu(computing, onWarning, found.gpu));
    if (hardware) return hardware;
  }
  return withoutGpu(computing, onWarning);
}

/** WebAssembly, else plain JavaScript. */
export async function withoutGpu(computing: Computing, onWarning: (message: string) => void): Promise<Backend> {
  const warn = ({ message }: ModelError): void =>
    onWarning(`load: ${message} The model runs in plain JavaScript, which is several times slower.`);
  return (await ifSupported(() => onWasm(computing, onWarning), warn)) ?? onCpu(computing);
}

/**
 * A GPU in the place of one that is lost.
 * @param software whether a software adapter will do
 * @throws ModelError "unsupported_device" where no GPU can be had
 */
export async function anotherGpu(
  software: boolean,
  computing: Computing,
  onWarning: (message: string) => void,
): Promise<Backend> {
  const adapter = await requestAdapter();
  if (!software && adapterInfo(adapter).fallback)
    throw new ModelError("unsupported_device", "The browser has only a software adapter left.");
  return onWebGpu(computing, onWarning, adapter);
}
