/** One load and a short generation, in the page or in a worker, and everything that a table of faults asks about it. */

import {
  checkSupport,
  ModelError,
  models,
  Seq2Seq,
  type LoadOptions,
  type LoadProgress,
  type Source,
} from "../../../src/index";
import { STORAGE_FAULTS, type StorageFault } from "./storage-faults";

/** Options of a load that are plain data. */
export type PlainOptions = Omit<LoadOptions, "signal" | "onProgress" | "onWarning"> & {
  /** Aborts as soon as this many bytes are there, of all files together. */
  abortAtBytes?: number;
  /** Aborts at the first progress of this phase. */
  abortInPhase?: LoadProgress["phase"];
  /** Aborts after so many milliseconds. */
  abortAfterMs?: number;
  /** What fails of the storage while it loads. */
  storage?: StorageFault;
};

export interface Attempt {
  /** What was generated; absent after an error. */
  ids?: number[][];
  /** Of the error: `name`, `code`, `message`, `hint`. */
  name?: string;
  code?: string;
  message?: string;
  hint?: string;
  warnings: string[];
  progress: LoadProgress[];
  ms: number;
}

/** Source tokens of every attempt. */
const IDS = [[4, 5, 6, 7]];

export async function attempt(source: Source, options: PlainOptions = {}): Promise<Attempt> {
  const { abortAtBytes, abortInPhase, abortAfterMs, storage, ...plain } = options;
  const undo = storage && STORAGE_FAULTS[storage]();
  const result: Attempt = { warnings: [], progress: [], ms: 0 };
  const controller = new AbortController();
  const abort = () => controller.abort(new DOMException("the test aborts", "AbortError"));
  if (abortAfterMs !== undefined) setTimeout(abort, abortAfterMs);
  const start = performance.now();
  try {
    const model = await Seq2Seq.load(source, {
      device: "cpu",
      ...plain,
      signal: controller.signal,
      onProgress(event) {
        result.progress.push(event);
        if (event.phase === abortInPhase || event.loaded >= (abortAtBytes ?? Infinity)) abort();
      },
      onWarning: (message) => void result.warnings.push(message),
    });
    try {
      result.ids = (await model.generate(IDS, { max_new_tokens: 4 })).sequences;
    } finally {
      await model.dispose();
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { code, hint } = error instanceof ModelError ? error : {};
    Object.assign(result, { name: error.name, message: error.message, code, hint });
  } finally {
    undo?.();
  }
  result.ms = performance.now() - start;
  return result;
}

let worker: Worker | undefined;

/** The same in a worker, which stays for the next attempt. */
export function attemptInWorker(source: Source, options: PlainOptions = {}): Promise<Attempt> {
  const running = (worker ??= new Worker("/test/support/page/attempt-worker.ts", { type: "module" }));
  return new Promise<Attempt>((resolve, reject) => {
    running.onmessage = ({ data }) => resolve(data as Attempt);
    running.onerror = ({ message }) => reject(new Error(`The worker failed: ${message}`));
    running.postMessage([source, options]);
  });
}

/** Ends the worker, whatever it does. */
export function endWorker(): void {
  worker?.terminate();
  worker = undefined;
}

/** What must be zero when nothing runs: locks held or waited for. */
export async function leftovers(): Promise<{ locks: number }> {
  const { held = [], pending = [] } = await navigator.locks.query();
  return { locks: held.length + pending.length };
}

/** The models in the store, as the page sees them. */
export const stored = async (): Promise<unknown> => ({
  size: await models.size(),
  found: (await models.list()).map(({ name, complete, place, files }) => ({
    ...{ name, complete, place },
    weights: files.find(({ file }) => file === "model.safetensors")?.bytes,
  })),
});

/** What a load would fetch. */
export const bytesToFetch = async (source: Source): Promise<number | undefined> =>
  (await checkSupport(source, { device: "cpu" })).model?.bytesToFetch;

/** Whether there was such a model, or the code of the error. */
export const deleteStored = (name: string): Promise<boolean | string | undefined> =>
  models.delete(name).catch((error: unknown) => (error as ModelError).code);
