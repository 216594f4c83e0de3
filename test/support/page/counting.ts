/** Counts WebGPU calls and live bytes from outside: wraps the prototypes of the browser's objects, in the page. */

import { LocalSeq2Seq } from "../../../src/engine/seq2seq";
import type { GenerateOutput, GenerationConfig, Memory, Source, Stats } from "../../../src/index";
import { keepPace } from "../shared/ops-of";
import { loadInThisThread } from "../shared/in-this-thread";
import { tinyCheckpoint, type TinyConfig } from "../shared/tiny";

export type Counts = Record<(typeof COUNTED)[number] | "mappedBytes", number>;

const COUNTED = [
  "createBuffer",
  "createBindGroup",
  "createComputePipelineAsync",
  "createComputePipeline",
  "beginComputePass",
  "dispatchWorkgroups",
  "submit",
  "writeBuffer",
  "mapAsync",
] as const;

let counts: Counts = zero();
let liveBytes = 0;

function zero(): Counts {
  return Object.fromEntries([...COUNTED, "mappedBytes"].map((name) => [name, 0])) as Counts;
}

/** Replaces a method; the wrapper calls it and then tells `after`. */
function wrap(prototype: object, name: string, after: (self: unknown, args: unknown[], result: unknown) => void): void {
  const methods = prototype as Record<string, (...args: unknown[]) => unknown>;
  const original = methods[name];
  methods[name] = function (this: unknown, ...args: unknown[]) {
    const result = original.apply(this, args);
    after(this, args, result);
    return result;
  };
}

let installed = false;

function install(): void {
  if (installed) return;
  installed = true;
  const owners: Record<(typeof COUNTED)[number], object> = {
    createBuffer: GPUDevice.prototype,
    createBindGroup: GPUDevice.prototype,
    createComputePipelineAsync: GPUDevice.prototype,
    createComputePipeline: GPUDevice.prototype,
    beginComputePass: GPUCommandEncoder.prototype,
    dispatchWorkgroups: GPUComputePassEncoder.prototype,
    submit: GPUQueue.prototype,
    writeBuffer: GPUQueue.prototype,
    mapAsync: GPUBuffer.prototype,
  };
  const live = new Set<GPUBuffer>();
  const destroy = (buffer: GPUBuffer): void => {
    if (live.delete(buffer)) liveBytes -= buffer.size;
  };
  for (const name of COUNTED) {
    wrap(owners[name], name, (self, args, result) => {
      counts[name]++;
      if (name === "createBuffer") {
        const buffer = result as GPUBuffer;
        live.add(buffer);
        liveBytes += buffer.size;
      }
      if (name === "mapAsync") counts.mappedBytes += (args[2] as number | undefined) ?? (self as GPUBuffer).size;
    });
  }
  wrap(GPUBuffer.prototype, "destroy", (self) => destroy(self as GPUBuffer));
}

/** As many steps are in flight all the time: else the clock decides, and each step more needs one buffer more to be read from. */
async function loadSteady(source: Source): Promise<LocalSeq2Seq> {
  const model = await LocalSeq2Seq.load(source, { device: "webgpu", onWarning: () => undefined });
  keepPace(model, 2);
  return model;
}

export interface CostReport {
  /** Of one further token: the difference of a long and a short generation, divided by their difference in length. */
  perToken: Counts;
  /** Of the long one. */
  long: Counts;
  stats: Stats;
  /** Of all of it, loading included. */
  pipelines: number;
}

/** What one further token costs, once a session is there. */
export async function costOfTokens(
  config: Partial<TinyConfig> & { rows: number },
  options: GenerationConfig = {},
): Promise<CostReport> {
  install();
  counts = zero();
  const model = await loadSteady(tinyCheckpoint(config));
  const prompt = (options.decoder_input_ids as number[][] | undefined)?.[0].length ?? 1;
  const rows = Array.from({ length: config.rows }, (_, i) => [5 + i, 6, 7]);
  const generate = async (tokens: number, eos: number): Promise<GenerateOutput | undefined> => {
    // Beams wait for the end of the last one, not of the first that could be returned.
    const limits = { max_new_tokens: tokens, eos_token_id: eos, early_stopping: "never" as const, length_penalty: 9 };
    const output = await model.generate(rows, { ...limits, ...options });
    return output.sequences.every((row) => row.length === tokens + prompt) ? output : undefined;
  };
  // An end token that never comes, so that lengths are exact.
  let eos = 0;
  while (!(await generate(9, eos))) eos++;
  if (!(await generate(2, eos))) throw new Error("two tokens end early");
  const pipelines = counts.createComputePipelineAsync;
  const measure = async (tokens: number): Promise<{ counts: Counts; stats: Stats }> => {
    counts = zero();
    const output = await generate(tokens, eos);
    if (!output) throw new Error("a row ended early");
    return { counts, stats: output.stats };
  };
  const short = await measure(2);
  const long = await measure(9);
  await model.dispose();
  const perToken = zero();
  for (const name of Object.keys(perToken) as (keyof Counts)[]) {
    perToken[name] = (long.counts[name] - short.counts[name]) / 7;
  }
  return { perToken, long: long.counts, stats: long.stats, pipelines };
}

export interface LeakReport {
  afterWarmUp: Memory;
  afterAll: Memory;
  afterDispose: Memory;
  liveBytesAfterWarmUp: number;
  liveBytesAfterAll: number;
  liveBytesAfterDispose: number;
}

/** Live bytes once every kind of call has been seen and after `times` more generations, with a forward pass now and then. */
export async function leaks(times: number): Promise<LeakReport> {
  install();
  const before = liveBytes;
  const model = await loadSteady(tinyCheckpoint({ layers: 1 }));
  const once = async (i: number): Promise<void> => {
    const ids = Array.from({ length: 1 + (i % 9) }, (_, k) => 4 + ((i + k) % 12));
    await model.generate(ids, {
      max_new_tokens: 1 + (i % 4),
      output_attentions: i % 10 === 0,
      num_beams: 1 + (i % 3),
      repetition_penalty: i % 2 === 0 ? 1 : 1.5,
    });
    if (i % 10 === 5) await model.forward({ input_ids: ids, decoder_input_ids: ids });
  };
  for (let i = 0; i < 20; i++) await once(i);
  const [afterWarmUp, liveBytesAfterWarmUp] = [model.memory(), liveBytes - before];
  for (let i = 0; i < times; i++) await once(i);
  const [afterAll, liveBytesAfterAll] = [model.memory(), liveBytes - before];
  await model.dispose();
  return {
    afterWarmUp,
    afterAll,
    afterDispose: model.memory(),
    liveBytesAfterWarmUp,
    liveBytesAfterAll,
    liveBytesAfterDispose: liveBytes - before,
  };
}

/** Whether kernels are compiled while the weights are on their way: their last byte waits until one is, or for 20 s. */
export async function compilesDuringDownload(): Promise<boolean> {
  install();
  counts = zero();
  let compiled = false;
  const wait = async (): Promise<void> => {
    for (let i = 0; i < 2000 && !compiled; i++) {
      compiled = counts.createComputePipelineAsync > 0;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const slow = tinyCheckpoint({}, (files) => {
    const file = files["model.safetensors"] as Uint8Array;
    const pieces = [file.subarray(0, -1), file.subarray(-1)];
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
      if (pieces.length === 1) await wait();
      controller.enqueue(pieces.shift());
      if (pieces.length === 0) controller.close();
    };
    files["model.safetensors"] = new ReadableStream({ pull }) as never;
  });
  const model = await loadInThisThread(slow, { device: "webgpu" });
  await model.generate([5, 6, 7], { max_new_tokens: 2 });
  await model.dispose();
  return compiled;
}
