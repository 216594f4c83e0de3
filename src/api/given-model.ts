/** The option `model` of `Translator.create` and `Transcriber.create`: a loaded model, or the source of one, which is loaded here. */

import { checkLoadOptions, LOAD_OPTIONS, type LoadOptions } from "../engine/load-options";
import { checkedOptions, checkFunction } from "../engine/options";
import type { Source } from "../loading/sources/source";
import { Seq2Seq } from "./seq2seq";

interface CreateOptions extends LoadOptions {
  model: Source | Seq2Seq;
  monitor?: (monitor: EventTarget) => void;
}

export interface GivenModel {
  model: Seq2Seq;
  /** Whether it was loaded here: then `destroy` frees it. */
  isOwn: boolean;
  warn: (message: string) => void;
}

/** @param own names of the options that are not those of a load */
export function checkCreateOptions<T extends CreateOptions>(
  where: string,
  options: T,
  own: readonly (keyof T & string)[],
): T {
  const checked = checkedOptions(where, options, [...own, ...LOAD_OPTIONS]);
  checkLoadOptions(Object.fromEntries(LOAD_OPTIONS.map((name) => [name, checked[name]])), where);
  checkFunction(where, "monitor", checked.monitor);
  return checked;
}

/** @throws what `Seq2Seq.load` throws */
export async function givenModel(
  where: string,
  given: CreateOptions["model"],
  { monitor, ...options }: Omit<CreateOptions, "model">,
): Promise<GivenModel> {
  const isOwn = !(given instanceof Seq2Seq);
  const model = isOwn ? await watchedLoad(given, options, monitor) : given;
  const warn = options.onWarning ?? model.warn;
  if (!isOwn) warnOfIdle(where, { ...options, monitor }, warn);
  return { model, isOwn, warn };
}

/** A loaded model stays where and as it is. */
function warnOfIdle(
  where: string,
  { onWarning: _, signal: __, ...options }: Omit<CreateOptions, "model">,
  warn: GivenModel["warn"],
): void {
  const idle = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (idle.length === 0) return;
  const have = idle.length > 1 ? "have" : "has";
  warn(`${where}: ${idle.join(", ")} ${have} no effect, because the model is loaded already.`);
}

/** Loads a model and sends `downloadprogress` events to a monitor, with `loaded` from 0 to 1, both included. */
async function watchedLoad(
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
