/**
 * Makes a GPU device fail in a page, at a chosen moment and in a chosen way, and compares what calls return with what they
 * return without. `runFault` is one row of test/browser/faults/devices.ts.
 */

import {
  ModelError,
  Seq2Seq,
  type GenerateOutput,
  type GenerationConfig,
  type LoadOptions,
  type Source,
  type SpeechCall,
} from "../../../src/index";
import { loadInThisThread } from "../shared/in-this-thread";
import { signal as made } from "../shared/signal";
import { dropSpare, giveDevicesAgain, lose, openDevices } from "./spare-device";
import { tinyCheckpoint, type TinyConfig } from "../shared/tiny";

/** The methods whose calls are counted: of WebGPU, of a WebAssembly memory, and what gives the page its turn after a step without a GPU. */
const OWNERS = {
  createBuffer: () => GPUDevice.prototype,
  createBindGroup: () => GPUDevice.prototype,
  createComputePipelineAsync: () => GPUDevice.prototype,
  popErrorScope: () => GPUDevice.prototype,
  dispatchWorkgroups: () => GPUComputePassEncoder.prototype,
  writeBuffer: () => GPUQueue.prototype,
  submit: () => GPUQueue.prototype,
  mapAsync: () => GPUBuffer.prototype,
  grow: () => WebAssembly.Memory.prototype,
  postMessage: () => MessagePort.prototype,
} as const satisfies Record<string, () => object>;

type Method = keyof typeof OWNERS;

/** The n-th call of a method, counted from 1 from the start of the load or call and anew for each device. */
export interface Moment {
  method: Method;
  at: number;
  /** What happens then. Default "lose": the device goes away. */
  act?: "lose" | "abort" | "dispose" | "err" | Breakage;
  /** For this many calls on. Default 1. */
  times?: number;
}

/** What the browser answers instead. */
type Breakage =
  /** As createBuffer of some browsers, and as a memory that cannot grow. */
  | "throws RangeError"
  /** A promise is rejected. */
  | "rejects"
  /** An error scope finds such an error. */
  | "finds out-of-memory"
  | "finds internal"
  /** createBindGroup binds a buffer that is too small: WebGPU itself says what is wrong. */
  | "binds too little"
  /** dispatchWorkgroups asks for more than the limit. */
  | "dispatches too much";

export interface FaultCase {
  call: "generate" | "stream" | "forward";
  rows: number[][];
  /** The model reads sound: two windows in the place of rows. */
  sound?: true;
  options?: GenerationConfig & SpeechCall;
  /** During the load. */
  loading?: Moment[];
  /** During the call. */
  moments?: Moment[];
  /** When the signal is aborted at once. */
  abortedBefore?: "load" | "call";
  /** A function of the page that throws. */
  throws?: "onProgress" | "prefix_allowed_tokens";
  /** The device goes away after the load, with nothing under way. */
  between?: boolean;
  /** requestDevice is refused so many times, after the load. */
  refuse?: number;
  /** A stream is left after so many tokens. */
  leaveAfter?: number;
  model?: Partial<TinyConfig>;
  /** A model on the server of the tests, in the place of a random one. */
  path?: string;
  device?: LoadOptions["device"];
  /** The source gives its weights once. */
  once?: boolean;
  /** So many times after the load the weights cannot be read. */
  gone?: number;
}

export interface FaultReport {
  /** "same", "near" (the same ids, numbers within 1e-5) or "different" from the call without a fault; or the error's code or name. */
  outcome: string;
  message: string;
  hint: string;
  /** The next call, on the same model where it lives. */
  again: string;
  device: string;
  warnings: string[];
  /** Devices that were opened, up to the end of the call. */
  devices: number;
  /** Tokens of a stream up to its end. */
  tokens: number;
  /** Devices that are neither lost nor closed after `dispose`. */
  open: number;
  /** GPU buffers that live after `dispose`, and bytes that the engine counts. */
  leaked: number;
  bytes: number;
}

export const state = {
  /** As they were asked for: one that was given again is there twice. */
  devices: [] as GPUDevice[],
  moments: [] as Moment[],
  counts: new Map<Method, number>(),
  live: new Set<GPUBuffer>(),
  refuse: 0,
  /** The device is lost: the next moment is one of the next device. */
  gone: false,
  abort: (): void => undefined,
  dispose: (): void => undefined,
};

/** Whether a moment has come whose act this is; the acts that are not a breakage are done here. */
function reached(method: Method): Breakage | undefined {
  const count = (state.counts.get(method) ?? 0) + 1;
  state.counts.set(method, count);
  const [moment] = state.moments;
  if (state.gone || moment?.method !== method || count < moment.at) return undefined;
  const { act = "lose", times = 1 } = moment;
  if (count >= moment.at + times - 1) state.moments.shift();
  state.gone = act === "lose" || (act === "rejects" && method === "mapAsync");
  if (act === "lose") lose(state.devices[state.devices.length - 1]);
  else if (act === "abort") state.abort();
  else if (act === "dispose") state.dispose();
  else if (act === "err") err();
  else return act;
  return undefined;
}

/** A mistake that no error scope catches. */
function err(): void {
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE;
  state.live.delete(state.devices[state.devices.length - 1].createBuffer({ size: 4, usage }));
}

type Anything = (this: unknown, ...args: unknown[]) => unknown;

function broken(breakage: Breakage, self: unknown, args: unknown[], original: Anything): unknown {
  const [first, ...others] = args;
  switch (breakage) {
    case "throws RangeError":
      throw new RangeError("Array buffer allocation failed");
    case "rejects":
      return Promise.reject(new DOMException("it was rejected", "OperationError"));
    case "finds out-of-memory":
    case "finds internal": {
      const type = breakage === "finds internal" ? GPUInternalError : GPUOutOfMemoryError;
      return (original.call(self) as Promise<unknown>).then(() => new type("so it was found"));
    }
    case "binds too little": {
      const device = self as GPUDevice;
      const { layout, entries } = first as GPUBindGroupDescriptor;
      const buffer = device.createBuffer({ size: 4, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.UNIFORM });
      state.live.delete(buffer);
      const wrong = [...entries].map((entry) => ({ ...entry, resource: { buffer } }));
      return original.call(self, { layout, entries: wrong });
    }
    case "dispatches too much":
      return original.call(self, (first as number) + 70_000, ...others);
  }
}

let installed = false;

export function install(): void {
  if (installed) return;
  installed = true;
  giveDevicesAgain();
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    if (state.refuse > 0) {
      state.refuse--;
      throw new DOMException("no more devices", "OperationError");
    }
    const device = await requestDevice.apply(this, args);
    state.devices.push(device);
    state.gone = false;
    state.counts.clear();
    return device;
  };
  for (const name of Object.keys(OWNERS) as Method[]) {
    const owner = OWNERS[name]() as unknown as Record<string, Anything>;
    const original = owner[name];
    owner[name] = function (...args) {
      const breakage = reached(name);
      const result = breakage ? broken(breakage, this, args, original) : original.apply(this, args);
      if (name === "createBuffer") state.live.add(result as GPUBuffer);
      return result;
    };
  }
  const { destroy } = GPUBuffer.prototype;
  GPUBuffer.prototype.destroy = function () {
    state.live.delete(this);
    return destroy.call(this);
  };
}

export function faults(moments: Moment[] = []): void {
  state.moments = moments.map((moment) => ({ ...moment }));
  state.gone = false;
  state.counts.clear();
}

/** Of the tiny Whisper of test/goldens/speech. */
const windows = (): SpeechCall => ({ input_features: { data: made(2 * 80 * 100, 7), shape: [2, 80, 100] } });

const exact = ({ stats: _, ...output }: GenerateOutput): unknown => output;

export async function callOf(
  model: Seq2Seq,
  given: FaultCase,
  signal: AbortSignal,
  count: () => void,
): Promise<unknown> {
  const { call, rows, leaveAfter = Infinity } = given;
  const options = { ...given.options, signal };
  if (call === "generate") return exact(await model.generate(given.sound ? windows() : rows, options));
  if (call === "forward") {
    const { logits, encoder_last_hidden_state } = await model.forward({ input_ids: rows, decoder_input_ids: rows });
    return [logits.data, encoder_last_hidden_state.data];
  }
  const steps = [];
  for await (const step of model.stream(rows, options)) {
    steps.push(step);
    count();
    if (steps.length === leaveAfter) break;
  }
  return steps;
}

/** On the device, by the engine's account. */
export function bytesOn(model: Seq2Seq): number {
  const { weights, cache, activations, staging } = model.memory();
  return weights + cache + activations + staging;
}

const floats = (_: string, value: unknown): unknown => (value instanceof Float32Array ? Array.from(value) : value);
export const text = (value: unknown): string => JSON.stringify(value, floats);

export function compare(found: unknown, expected: string): string {
  if (text(found) === expected) return "same";
  return near(JSON.parse(text(found)), JSON.parse(expected)) ? "near" : "different";
}

function near(a: unknown, b: unknown): boolean {
  if (typeof a === "number" && typeof b === "number") {
    if (Number.isInteger(b)) return a === b;
    return Math.abs(a - b) <= 1e-5 + 1e-5 * Math.abs(b);
  }
  if (typeof a !== "object" || typeof b !== "object" || !a || !b) return a === b;
  const [ofA, ofB] = [Object.entries(a), Object.entries(b)];
  return ofA.length === ofB.length && ofA.every(([key, value]) => near(value, (b as Record<string, unknown>)[key]));
}

function source({ model, path, once, gone = 0 }: FaultCase): Source {
  if (path !== undefined) return path;
  const { read } = tinyCheckpoint({ layers: 1, ...model }) as { read(path: string): Uint8Array | string };
  let reads = 0;
  let stream: ReadableStream | undefined;
  return {
    read(path: string): unknown {
      if (path !== "model.safetensors") return read(path);
      reads++;
      if (reads > 1 && reads <= 1 + gone) throw new TypeError("the network is down");
      if (!once) return read(path);
      return (stream ??= new Blob([read(path) as BlobPart]).stream());
    },
  };
}

const expectations = new Map<string, string>();

/** What the call gives without a fault. */
async function expectation(given: FaultCase): Promise<string> {
  const { call, rows, sound, options, model, path, leaveAfter, device = "webgpu" } = given;
  const key = JSON.stringify([call, rows, sound, options, model, path, leaveAfter, device]);
  const known = expectations.get(key);
  if (known !== undefined) return known;
  const plain = await loadInThisThread(source({ call, rows, model, path }), { device });
  const value = text(await callOf(plain, given, new AbortController().signal, () => undefined));
  await plain.dispose();
  expectations.set(key, value);
  return value;
}

function thrower(): never {
  throw new TypeError("a mistake of the page");
}

export async function runFault(given: FaultCase): Promise<FaultReport> {
  install();
  faults();
  const { device = "webgpu" } = given;
  const expected = await expectation(given);
  const before = { devices: state.devices.length, live: state.live.size };
  const warnings: string[] = [];
  const onWarning = (message: string): void => void warnings.push(message);
  const report = { outcome: "", message: "", hint: "", tokens: 0 };
  let model: Seq2Seq | undefined;
  let disposed = false;
  try {
    const controller = new AbortController();
    state.abort = () => controller.abort();
    // What happens while kernels are compiled needs a device that compiles them.
    if (given.loading) dropSpare();
    faults(given.loading);
    if (given.abortedBefore === "load") controller.abort();
    const { signal } = controller;
    const onProgress = given.throws === "onProgress" ? thrower : undefined;
    model = await loadInThisThread(source(given), { device, onWarning, onProgress, signal });
    if (state.moments.length > 0) throw new Error(`not reached while loading: ${JSON.stringify(state.moments)}`);
    const loaded = model;
    state.dispose = () => {
      disposed = true;
      void loaded.dispose();
    };
    state.refuse = given.refuse ?? 0;
    if (given.between) lose(state.devices[state.devices.length - 1]);
    if (given.abortedBefore === "call") controller.abort();
    faults(given.moments);
    const call = { ...given };
    if (given.throws === "prefix_allowed_tokens") call.options = { ...given.options, prefix_allowed_tokens: thrower };
    report.outcome = compare(await callOf(model, call, signal, () => report.tokens++), expected);
    if (state.moments.length > 0) throw new Error(`not reached: ${JSON.stringify(state.moments)}`);
  } catch (error) {
    const { name, message } = error as Error;
    Object.assign(report, { outcome: name, message });
    if (error instanceof ModelError) Object.assign(report, { outcome: error.code, hint: error.hint ?? "" });
  }
  const devices = state.devices.length - before.devices;
  faults();
  state.refuse = 0;
  const next = model && !disposed && !given.once ? model : undefined;
  const other = next ?? (await loadInThisThread(source({ ...given, once: false }), { device }));
  const again = compare(await callOf(other, given, new AbortController().signal, () => undefined), expected);
  const used = model?.device ?? "";
  await other.dispose();
  await model?.dispose();
  // A device that was still being opened is closed as soon as it is there.
  for (let i = 0; i < 100 && (state.live.size > before.live || openDevices.size > 0); i++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  return {
    ...report,
    again,
    device: used,
    warnings,
    devices,
    open: openDevices.size,
    leaked: state.live.size - before.live,
    bytes: model ? bytesOn(model) : 0,
  };
}

let running: { model: Seq2Seq; steps: ReturnType<Seq2Seq["stream"]>; read: unknown[]; expected: string };
let warned: string[] = [];

/** Starts a stream and reads `tokens` of it. */
export async function beginStream(given: FaultCase, tokens: number): Promise<void> {
  install();
  faults();
  const expected = await expectation(given);
  warned = [];
  const onWarning = (message: string): void => void warned.push(message);
  const model = await Seq2Seq.load(source(given), { device: given.device ?? "webgpu", onWarning });
  const steps = model.stream(given.rows, given.options);
  const read: unknown[] = [];
  running = { model, steps, read, expected };
  while (read.length < tokens) read.push((await steps.next()).value);
}

/** Reads the rest of it. */
export async function endStream(): Promise<{ outcome: string; device: string; warnings: string[] }> {
  const { model, steps, read, expected } = running;
  let outcome: string;
  try {
    for await (const step of steps) read.push(step);
    outcome = compare(read, expected);
  } catch (error) {
    outcome = String(error);
  }
  const { device } = model;
  await model.dispose();
  return { outcome, device, warnings: warned };
}
