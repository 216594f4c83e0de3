/** The availability of a model before it is loaded, and progress events while it is loaded. */

import { wasmRefusal } from "../backends/wasm/support";
import { ModelError, quote } from "../errors";
import type { Source } from "../loading/sources/source";
import type { LoadOptions } from "../engine/load-options";
import { Seq2Seq } from "./seq2seq";
import type { EncodeOptions } from "../text/tokenizer";
import { loadPart } from "../util/part";
import { gpuSupport } from "../engine/gpu";

/**
 * Whether a translator can be made, in the words of the W3C Translator API: "available" at once, "downloadable" from a
 * server, "unavailable" at all. "downloading" is never said: this package does not know what other pages load.
 */
export type Availability = "unavailable" | "downloadable" | "downloading" | "available";

/** Reads config.json and, of a model that has one, tokenizer_config.json, but no weights. */
export async function availabilityOf(
  source: Source,
  languages: EncodeOptions,
  device: LoadOptions["device"] = "auto",
  signal?: AbortSignal,
): Promise<Availability> {
  if (device === "webgpu" && !(await gpuSupport()).webgpu) return "unavailable";
  if (device === "wasm" && wasmRefusal()) return "unavailable";
  let name: string;
  try {
    const { describe } = await loadPart("reads models", () => import("../engine/core"));
    name = await describe(source, languages, signal);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ModelError && error.code !== "invalid_source") return "unavailable";
    throw error;
  }
  // The name of a source on a server, the Hub included, is its address.
  return /^https?:/.test(name) ? "downloadable" : "available";
}

/** Loads a model and sends `downloadprogress` events to a monitor, with `loaded` from 0 to 1, both included. */
export async function watchedLoad(
  source: Source,
  options: LoadOptions,
  monitor?: (monitor: EventTarget) => void,
): Promise<Seq2Seq> {
  const target = new EventTarget();
  monitor?.(target);
  let last = -1;
  const report = (loaded: number): void => {
    if (loaded <= last) return;
    last = loaded;
    target.dispatchEvent(progressEvent(loaded));
  };
  report(0);
  // Nearly all bytes are weights, so only they are counted.
  const model = await Seq2Seq.load(source, {
    ...options,
    onProgress(progress) {
      const { phase, file, loaded, total } = progress;
      if (phase === "download" && /\.(safetensors|bin)$/.test(file) && total) report(loaded / total);
      options.onProgress?.(progress);
    },
  });
  report(1);
  return model;
}

/** A ProgressEvent in pages and workers; on Node, which has none, an Event with the same fields. */
function progressEvent(loaded: number): Event {
  if (typeof ProgressEvent === "function") return new ProgressEvent("downloadprogress", { loaded, total: 1 });
  return Object.assign(new Event("downloadprogress"), { loaded, total: 1 });
}

export function checkTag(name: string, tag: unknown): void {
  try {
    Intl.getCanonicalLocales(tag as string);
    if (typeof tag === "string" && tag) return;
  } catch {
    // the error follows below
  }
  throw new ModelError("invalid_option", `Translator: ${name} must be a language tag such as "en", not ${quote(tag)}.`);
}
