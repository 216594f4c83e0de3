/** Text in, text out, in the shape of the W3C Translator API (webmachinelearning.github.io/translation-api). */

import { ModelError } from "./errors";
import { Seq2Seq, type LoadOptions } from "./seq2seq";
import type { Source } from "./loading/source";
import { checkedOptions } from "./options";
import { createTextStream } from "./text/stream";
import { languagePlan, type LanguagePlan } from "./text/tokenizer";

export interface TranslatorOptions {
  /** A loaded model, which `destroy` leaves alone, or the source of one. */
  model: Source | Seq2Seq;
  /**
   * BCP 47 tags. A model of many languages is told which; one that its files say knows others is refused; of one whose
   * files say nothing the tags only say what you expect.
   */
  sourceLanguage: string;
  targetLanguage: string;
  device?: LoadOptions["device"];
  signal?: AbortSignal;
  /** Called with an event target that gets `downloadprogress` events, `loaded` from 0 to 1. */
  monitor?: (monitor: EventTarget) => void;
}

export interface TranslateOptions {
  signal?: AbortSignal;
}

export class Translator {
  private destroyed = new AbortController();

  private constructor(
    readonly sourceLanguage: string,
    readonly targetLanguage: string,
    private readonly model: Seq2Seq,
    private readonly plan: LanguagePlan,
    private readonly ownsModel: boolean,
  ) {}

  /** @throws ModelError; `signal.reason` once aborted */
  static async create(options: TranslatorOptions): Promise<Translator> {
    const {
      model: given,
      sourceLanguage,
      targetLanguage,
      device,
      signal,
      monitor,
    } = checkedOptions("Translator.create", options, [
      "model",
      "sourceLanguage",
      "targetLanguage",
      "device",
      "signal",
      "monitor",
    ]);
    for (const [name, tag] of Object.entries({ sourceLanguage, targetLanguage })) checkTag(name, tag);
    let model: Seq2Seq;
    if (given instanceof Seq2Seq) {
      model = given;
    } else {
      const target = new EventTarget();
      monitor?.(target);
      // Weights are nearly all of the bytes, so their share stands for the whole.
      const onProgress: LoadOptions["onProgress"] = ({ phase, file, loaded, total }) => {
        if (phase !== "download" || !file.endsWith(".safetensors") || !total) return;
        target.dispatchEvent(progressEvent(loaded / total));
      };
      model = await Seq2Seq.load(given, { device, signal, onProgress });
    }
    try {
      if (!model.tokenizer) {
        throw new ModelError(
          "file_not_found",
          "A translator needs a tokenizer beside the model's config.json: a tokenizer.json, or the files of its family.",
        );
      }
      const plan = languagePlan(model.tokenizer, sourceLanguage, targetLanguage);
      return new Translator(sourceLanguage, targetLanguage, model, plan, model !== given);
    } catch (error) {
      if (model !== given) await model.dispose();
      throw error;
    }
  }

  /** @throws ModelError; `signal.reason` once aborted */
  async translate(text: string, options: TranslateOptions = {}): Promise<string> {
    let out = "";
    const { signal } = checkedOptions("translate", options, ["signal"]);
    for await (const chunk of this.chunks(text, signal)) out += chunk;
    return out;
  }

  /** The translation in pieces; joined they are what `translate` returns. Cancelling stops the work. */
  translateStreaming(text: string, options: TranslateOptions = {}): ReadableStream<string> {
    const chunks = this.chunks(text, checkedOptions("translateStreaming", options, ["signal"]).signal);
    return new ReadableStream<string>({
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await chunks.return();
      },
    });
  }

  /** Ends running translations and frees the model, unless it was passed in loaded. */
  destroy(): void {
    this.destroyed.abort(new ModelError("disposed", "This translator has been destroyed.", "Create another one."));
    if (this.ownsModel) void this.model.dispose();
  }

  private async *chunks(text: string, signal: AbortSignal | undefined): AsyncGenerator<string, void, undefined> {
    this.destroyed.signal.throwIfAborted();
    signal?.throwIfAborted();
    const ids = this.plan.encode(text);
    // White space has no translation, and no tokens but the end token.
    if (text.trim() === "") return;
    const stop = signal ? AbortSignal.any([signal, this.destroyed.signal]) : this.destroyed.signal;
    const stream = createTextStream(this.plan);
    for await (const { token } of this.model.stream(ids, { ...this.plan.generation, signal: stop })) {
      const added = stream.push(token);
      if (added) yield added;
    }
    const rest = stream.end();
    if (rest) yield rest;
  }
}

function checkTag(name: string, tag: unknown): void {
  try {
    Intl.getCanonicalLocales(tag as string);
    if (typeof tag === "string" && tag) return;
  } catch {
    // told below
  }
  throw new ModelError(
    "invalid_option",
    `Translator: ${name} must be a language tag such as "en", not ${JSON.stringify(tag)}.`,
  );
}

/** A ProgressEvent where there is one (pages and workers), else an Event with the same fields (Node). */
function progressEvent(loaded: number): Event {
  if (typeof ProgressEvent === "function") return new ProgressEvent("downloadprogress", { loaded, total: 1 });
  return Object.assign(new Event("downloadprogress"), { loaded, total: 1 });
}
