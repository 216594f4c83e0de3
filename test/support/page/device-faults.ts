/**
 * Compares what calls return while a GPU device fails in a page with what they return without.
 * `runFault` is one row of test/browser/faults/devices.ts; `moments.ts` says how a device fails.
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
import { faults, install, state, type Moment } from "./moments";
import { dropSpare, lose, openDevices } from "./spare-device";
import { tinyCheckpoint, type TinyConfig } from "../shared/tiny";

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
