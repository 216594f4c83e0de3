/** What a model gives with its weights stored in some way; runs in a page and in Node. */

import type { Seq2Seq, GenerationConfig, LoadOptions, Source } from "../../../src/index";
import { loadInThisThread } from "./in-this-thread";

export interface StoredResult {
  /** Bytes. */
  weights: number;
  warnings: string[];
  /** Compiled while loading and generating; 0 on the CPU. */
  pipelines: number;
  sequences: number[][];
  /** Of the first row, teacher-forced with its own sequence. */
  logits: Float32Array;
}

/** Loads a model with `dtype`, generates for `rows` in one batch and one by one, and disposes of it. */
export async function runStored(
  source: Source,
  device: Seq2Seq["device"],
  dtype: LoadOptions["dtype"],
  rows: number[][],
  options: GenerationConfig,
  arithmetic?: LoadOptions["arithmetic"],
): Promise<StoredResult> {
  const pipelines = countPipelines();
  const warnings: string[] = [];
  const model = await loadInThisThread(source, { device, dtype, arithmetic, onWarning: (text) => warnings.push(text) });
  const { sequences } = await model.generate(rows, options);
  for (const row of rows.slice(0, 3)) sequences.push(...(await model.generate(row, options)).sequences);
  const { logits } = await model.forward({ input_ids: rows[0], decoder_input_ids: sequences[0].slice(0, -1) });
  const { weights } = model.memory();
  await model.dispose();
  return { weights, warnings, pipelines: pipelines(), sequences, logits: logits.data };
}

/** The same with the files of a folder in memory. */
export const runStoredFiles = (
  files: Record<string, Uint8Array>,
  ...rest: Tail<typeof runStored>
): Promise<StoredResult> => runStored({ read: (path) => files[path] }, ...rest);

type Tail<F extends (...args: never[]) => unknown> = Parameters<F> extends [unknown, ...infer Rest] ? Rest : never;

/** Counts from now on, where there is WebGPU. */
function countPipelines(): () => number {
  if (typeof GPUDevice === "undefined") return () => 0;
  let count = 0;
  const original = GPUDevice.prototype.createComputePipelineAsync;
  GPUDevice.prototype.createComputePipelineAsync = function (descriptor) {
    count++;
    return original.call(this, descriptor);
  };
  return () => {
    GPUDevice.prototype.createComputePipelineAsync = original;
    return count;
  };
}
