/** The options of `Seq2Seq.load`. */

import type { Tuning } from "../backends/webgpu/tuning";
import { ModelError, quote } from "../errors";
import { checkBoolean, checkedOptions, checkFunction } from "./options";
import { namesOf } from "../util/names-of";
import type { LoadProgress } from "./progress";

/** The options of `Seq2Seq.load`. */
export interface LoadOptions {
  /**
   * "auto" takes a hardware GPU if the browser has WebGPU, else SIMD WebAssembly ("wasm"), else plain JavaScript ("cpu").
   * A software GPU is taken by "webgpu" only. A device that is asked for by name and is not available is an error
   * (`unsupported_device`). Default "auto".
   */
  device?: "auto" | "webgpu" | "wasm" | "cpu";
  /**
   * How matrices are stored on the device: "f32", or smaller and less exact: "f16" (exact if the checkpoint is in f16), or
   * integers of 8 or 4 bits ("q8", "q4"; with their scales 9 and 5 bits per element). "auto" is what the folder was packed in by
   * `attendant pack`, else exact: "f32", and on the device "wasm" "f16" for matrices that the checkpoint has in it. docs/storage.md
   * has measured errors. Default "auto".
   */
  dtype?: "auto" | "f32" | "f16" | "q8" | "q4";
  /**
   * What products with "q8" weights are computed in. "int8" also rounds what they are multiplied by to integers of 8 bits, each
   * block of 32 elements with its own scale: meant to be faster without a GPU, and less exact (docs/storage.md). It needs
   * `dtype: "q8"` or a folder that is packed so, and has no effect on "webgpu". Default "f32".
   */
  arithmetic?: "f32" | "int8";
  /**
   * Which variants of the kernels the device "webgpu" computes with, for experiments; what is not given, the device chooses: it
   * measures them while the weights are on their way, for at most 0.3 s, keeps what it found, and takes no kernel that computes
   * on this GPU something else than the CPU. Default "auto": the device chooses all of them.
   */
  kernels?: "auto" | Partial<Tuning>;
  /** Stops the download; `load` rejects with `signal.reason`. Default: none. */
  signal?: AbortSignal;
  /** Called as bytes arrive and in each phase, see {@link LoadProgress}. An error that it throws ends the load. Default: none. */
  onProgress?: (progress: LoadProgress) => void;
  /** Called once per warning, such as an option that has no effect. Default: `console.warn`. */
  onWarning?: (message: string) => void;
  /**
   * How many threads the device "wasm" computes with: a number from 1 to 64, or "auto": half of the cores, at most 4, where a
   * measurement at load shows that they help. More than one needs a page that is cross-origin isolated, or Node. Results do
   * not depend on it. Default "auto".
   */
  threads?: "auto" | number;
  /**
   * Whether the engine runs in a worker of its own, so that the page stays free. Where none can start, it runs in the calling
   * thread, with a warning. Default true in a page, false elsewhere: a worker keeps its page free as it is, and Node has none.
   */
  worker?: boolean;
  /**
   * Whether files from a server are kept in the browser's storage, so that the next load reads them from there, and goes on
   * where a broken one stopped. `models` has what is stored. Default true.
   */
  cache?: boolean;
  /** How many times a request is made again that failed or broke off, with longer and longer waits. Default 3. */
  retries?: number;
  /** Milliseconds without a byte after which a transfer counts as broken. Default 30,000. */
  stallTimeout?: number;
  /**
   * SHA-256 by the name of a file: "sha256-" and base64, or hex. The load fails (`integrity`) where a file differs. Large files
   * of the Hugging Face Hub are compared with its list without this. Default: none.
   */
  integrity?: Readonly<Record<string, string>>;
}

/** The names of all load options. */
export const LOAD_OPTIONS = namesOf<LoadOptions>({
  device: true,
  dtype: true,
  arithmetic: true,
  threads: true,
  kernels: true,
  signal: true,
  onProgress: true,
  onWarning: true,
  worker: true,
  cache: true,
  retries: true,
  stallTimeout: true,
  integrity: true,
});

/** @param where name of the method, for messages */
export function checkLoadOptions(given: LoadOptions, where = "load"): LoadOptions {
  const options = checkedOptions(where, given, LOAD_OPTIONS);
  const {
    device = "auto",
    dtype = "auto",
    arithmetic = "f32",
    threads = "auto",
    kernels = "auto",
    worker = true,
  } = options;
  const { onProgress, onWarning, cache, retries = 3, stallTimeout = 1, integrity = {} } = options;
  const wrong = (name: string, value: unknown, choices: string) =>
    new ModelError("invalid_option", `${where}: ${name} must be ${choices}, not ${quote(value)}.`);
  if (!["auto", "webgpu", "wasm", "cpu"].includes(device))
    throw wrong("device", device, '"auto", "webgpu", "wasm" or "cpu"');
  if (!["auto", "f32", "f16", "q8", "q4"].includes(dtype))
    throw wrong("dtype", dtype, '"auto", "f32", "f16", "q8" or "q4"');
  if (!["f32", "int8"].includes(arithmetic)) throw wrong("arithmetic", arithmetic, '"f32" or "int8"');
  // "auto" may be q8, which the files say.
  if (arithmetic === "int8" && dtype !== "auto") checkIntegers(dtype, where);
  checkBoolean(where, "worker", worker);
  if (threads !== "auto" && !(Number.isInteger(threads) && threads >= 1 && threads <= 64))
    throw wrong("threads", threads, '"auto" or a whole number from 1 to 64');
  if (kernels !== "auto" && (typeof kernels !== "object" || kernels === null || Array.isArray(kernels)))
    throw wrong("kernels", kernels, '"auto" or an object');
  checkFunction(where, "onProgress", onProgress);
  checkFunction(where, "onWarning", onWarning);
  checkBoolean(where, "cache", cache);
  if (!Number.isInteger(retries) || retries < 0) throw wrong("retries", retries, "a whole number from 0");
  if (!(typeof stallTimeout === "number" && stallTimeout > 0)) throw wrong("stallTimeout", stallTimeout, "a number");
  if (typeof integrity !== "object" || Array.isArray(integrity))
    throw wrong("integrity", integrity, 'an object such as { "model.safetensors": "sha256-..." }');
  return options;
}

/** @throws ModelError `invalid_option` for weights that are not multiplied as integers */
export function checkIntegers(dtype: string, where = "load"): void {
  if (dtype === "q8") return;
  throw new ModelError("invalid_option", `${where}: dtype must be "q8" where arithmetic is "int8", not "${dtype}".`);
}

/** The default of `onWarning`. */
export function warnOnConsole(message: string): void {
  console.warn(`attendant: ${message}`);
}
