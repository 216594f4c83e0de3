/** What a translator can say of a model before and while it is loaded. */

import { checkSupport } from "../backends/webgpu/adapter";
import { ModelError, quote } from "../errors";
import { readJson } from "../loading/sources/download";
import { openSource, type Source } from "../loading/sources/source";
import { familyOf } from "../models/families/registry";
import type { LoadOptions } from "./load-options";
import { Seq2Seq } from "./seq2seq";

/**
 * Whether a translator can be made, in the words of the W3C Translator API: "available" at once, "downloadable" from a
 * server, "unavailable" at all. "downloading" is never said: this package does not know what other pages load.
 */
export type Availability = "unavailable" | "downloadable" | "downloading" | "available";

/** Reads config.json, nothing else. */
export async function availabilityOf(
  source: Source,
  device: LoadOptions["device"] = "auto",
  signal?: AbortSignal,
): Promise<Availability> {
  if (device === "webgpu" && !(await checkSupport()).webgpu) return "unavailable";
  let name: string;
  try {
    const files = openSource(source);
    name = files.name;
    const config = await readJson(files, "config.json", { signal });
    if (typeof config !== "object" || config === null) return "unavailable";
    familyOf(config as Record<string, unknown>).info(config as Record<string, unknown>);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ModelError && error.code !== "invalid_source") return "unavailable";
    throw error;
  }
  // What comes from a server is named by its address, repositories on the Hub too.
  return /^https?:/.test(name) ? "downloadable" : "available";
}

/** Loads, and tells a monitor: `downloadprogress` events with `loaded` from 0 to 1, both included. */
export async function watchedLoad(
  source: Source,
  options: LoadOptions,
  monitor?: (monitor: EventTarget) => void,
): Promise<Seq2Seq> {
  const target = new EventTarget();
  monitor?.(target);
  let told = -1;
  const tell = (loaded: number): void => {
    if (loaded <= told) return;
    told = loaded;
    target.dispatchEvent(progressEvent(loaded));
  };
  tell(0);
  // Weights are nearly all of the bytes, so their share stands for the whole.
  const model = await Seq2Seq.load(source, {
    ...options,
    onProgress({ phase, file, loaded, total }) {
      if (phase === "download" && /\.(safetensors|bin)$/.test(file) && total) tell(loaded / total);
    },
  });
  tell(1);
  return model;
}

/** A ProgressEvent where there is one (pages and workers), else an Event with the same fields (Node). */
function progressEvent(loaded: number): Event {
  if (typeof ProgressEvent === "function") return new ProgressEvent("downloadprogress", { loaded, total: 1 });
  return Object.assign(new Event("downloadprogress"), { loaded, total: 1 });
}

export function checkTag(name: string, tag: unknown): void {
  try {
    Intl.getCanonicalLocales(tag as string);
    if (typeof tag === "string" && tag) return;
  } catch {
    // told below
  }
  throw new ModelError("invalid_option", `Translator: ${name} must be a language tag such as "en", not ${quote(tag)}.`);
}
