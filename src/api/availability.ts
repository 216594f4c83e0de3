/** The words of the W3C Translator API: availability, progress events, language tags. */

import { ModelError, quote } from "../errors";
import type { Source } from "../loading/sources/source";
import type { LoadOptions } from "../engine/load-options";
import { Seq2Seq } from "./seq2seq";

/** Loads a model and sends `downloadprogress` events to a monitor, with `loaded` from 0 to 1, both included. */
export async function watchedLoad(
  source: Source,
  options: LoadOptions,
  monitor?: (monitor: EventTarget) => void,
): Promise<Seq2Seq> {
  if (!monitor) return Seq2Seq.load(source, options);
  const target = new EventTarget();
  monitor(target);
  let last = -1;
  const report = (loaded: number): void => {
    if (loaded <= last) return;
    last = loaded;
    target.dispatchEvent(progressEvent(loaded));
  };
  report(0);
  const model = await Seq2Seq.load(source, {
    ...options,
    onProgress(progress) {
      const { loaded, total } = progress;
      if (total) report(loaded / total);
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
