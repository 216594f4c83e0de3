/** Text in, text out, in the shape of the W3C Translator API (webmachinelearning.github.io/translation-api). */

import { ModelError, quote } from "../errors";
import type { LoadOptions } from "../engine/load-options";
import { checkedOptions } from "../engine/options";
import { checkGeneration, type TranslateOptions } from "../engine/translate-options";
import type { AlignedSegment, TranslatorSetup } from "../engine/translator";
import type { Source } from "../loading/sources/source";
import type { Availability } from "../engine/available";
import { loadPart } from "../util/part";
import { namesOf } from "../util/names-of";
import { checkCreateOptions, givenModel } from "./given-model";
import { Seq2Seq } from "./seq2seq";

/** The options of `Translator.create` and `Translator.availability`, those of `Seq2Seq.load` among them. */
export interface TranslatorOptions extends LoadOptions {
  /** A loaded model, which `destroy` does not free, or the source of a model. */
  model: Source | Seq2Seq;
  /**
   * The language of the text, as a BCP 47 tag such as "en". A language that the model's files contradict is refused. If they
   * name no languages, the tag is not checked, and a warning says so.
   */
  sourceLanguage: string;
  /** The language of the translation, as a BCP 47 tag such as "fr"; checked in the same way. */
  targetLanguage: string;
  /** Options of every translation, such as `{ num_beams: 4 }`. Default: those of the model's files. */
  generation?: Omit<TranslateOptions, "signal">;
  /** Called with an event target that gets `downloadprogress` events, `loaded` from 0 to 1. Default: none. */
  monitor?: (monitor: EventTarget) => void;
}

/** Text in, text out, in the shape of the W3C Translator API (webmachinelearning.github.io/translation-api). */
export class Translator {
  /** The most tokens of one call. There is no limit: long text is translated in parts. */
  readonly inputQuota = Infinity;
  /** As given to `create`. */
  readonly sourceLanguage: string;
  /** As given to `create`. */
  readonly targetLanguage: string;
  private destroyed = new AbortController();

  private constructor(
    private readonly setup: TranslatorSetup,
    private readonly model: Seq2Seq,
    private readonly ownsModel: boolean,
  ) {
    this.sourceLanguage = setup.sourceLanguage;
    this.targetLanguage = setup.targetLanguage;
  }

  /**
   * Whether `create` can work with these options: "available" (a loaded model, local or stored
   * files), "downloadable", or "unavailable" (no such model or device, an unknown family, or a model without these languages).
   */
  static async availability(options: TranslatorOptions): Promise<Availability> {
    const checked = checkTranslatorOptions("Translator.availability", options);
    const { model, sourceLanguage, targetLanguage, device, signal } = checked;
    const languages = { sourceLanguage, targetLanguage };
    if (!(model instanceof Seq2Seq)) {
      const { availabilityOf } = await loadPart("says what runs here", () => import("../engine/available"));
      return availabilityOf(model, languages, device, signal);
    }
    if (!model.tokenizer) return "unavailable";
    try {
      await model.calls().setUp(languages);
      return "available";
    } catch (error) {
      if (error instanceof ModelError && error.code === "unsupported_option") return "unavailable";
      throw error;
    }
  }

  /**
   * Loads the model, unless it is passed in loaded, and checks the languages.
   * @throws ModelError: `unsupported_option` for a pair of languages that the model's files contradict, `file_not_found` without
   *   a tokenizer, and those of `Seq2Seq.load`; `signal.reason` once aborted
   */
  static async create(options: TranslatorOptions): Promise<Translator> {
    const checked = checkTranslatorOptions("Translator.create", options);
    const { model: given, sourceLanguage, targetLanguage, generation, ...others } = checked;
    const { model, isOwn, warn } = await givenModel("Translator.create", given, others);
    try {
      const setup = { sourceLanguage, targetLanguage, generation };
      for (const warning of await model.calls().setUp(setup)) warn(warning);
      return new Translator(setup, model, isOwn);
    } catch (error) {
      if (isOwn) await model.dispose();
      throw error;
    }
  }

  /**
   * Translates text of any length. Paragraphs are translated as a whole, long ones sentence by sentence. White space between
   * them is kept.
   * @throws ModelError; `signal.reason` once aborted
   */
  async translate(text: string, options: TranslateOptions = {}): Promise<string> {
    const checked = this.checked("translate", options);
    return this.model.calls().translate(this.setup, text, checked);
  }

  /**
   * The translation in pieces, for a reader or a `for await` loop; joined they are what `translate` returns. Cancelling
   * the stream or leaving the loop stops the work.
   */
  translateStreaming(text: string, options: TranslateOptions = {}): ReadableStream<string> & AsyncIterable<string> {
    const chunks = this.chunks(text, options);
    const stream = new ReadableStream<string>(
      {
        async pull(controller) {
          const { done, value } = await chunks.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        async cancel() {
          await chunks.return();
        },
      },
      // Translates nothing before the reader asks for it.
      { highWaterMark: 0 },
    );
    // Safari had streams long before it could loop over them.
    return Symbol.asyncIterator in stream ? stream : Object.assign(stream, { [Symbol.asyncIterator]: () => chunks });
  }

  /**
   * Translates and aligns: says which source token each target token comes from. {@link Alignment} has the method.
   * @throws ModelError; `signal.reason` once aborted
   */
  async align(text: string, options: TranslateOptions = {}): Promise<AlignedSegment[]> {
    const checked = this.checked("align", options);
    return this.model.calls().align(this.setup, text, checked);
  }

  /**
   * The number of tokens that `translate` would read of the text: those of its parts, each with its special tokens.
   * @throws ModelError; `signal.reason` once aborted
   */
  async measureInputUsage(text: string, options: TranslateOptions = {}): Promise<number> {
    this.checked("measureInputUsage", options);
    return this.model.calls().measureInputUsage(this.setup, text);
  }

  /** Ends running translations, and frees the model if this translator has loaded it. */
  destroy(): void {
    this.destroyed.abort(new ModelError("disposed", "This translator has been destroyed.", "Create another one."));
    if (this.ownsModel) void this.model.dispose();
  }

  private async *chunks(text: string, options: TranslateOptions): AsyncGenerator<string, void, undefined> {
    const checked = this.checked("translateStreaming", options);
    yield* this.model.calls().translateStreaming(this.setup, text, checked);
  }

  /**
   * The options of a call, checked. Its signal is that of the caller, or the end of this translator. Throws if it is aborted
   * already.
   */
  private checked(where: string, given: TranslateOptions): TranslateOptions {
    const options = checkedOptions(where, given);
    checkGeneration(where, options);
    const { signal } = options;
    this.destroyed.signal.throwIfAborted();
    signal?.throwIfAborted();
    const { signal: destroyed } = this.destroyed;
    return { ...options, signal: signal ? AbortSignal.any([signal, destroyed]) : destroyed };
  }
}

const OWN = namesOf<Omit<TranslatorOptions, keyof LoadOptions>>({
  model: true,
  sourceLanguage: true,
  targetLanguage: true,
  generation: true,
  monitor: true,
});

function checkTranslatorOptions(where: string, options: TranslatorOptions): TranslatorOptions {
  const checked = checkCreateOptions(where, options, OWN);
  checkTag("sourceLanguage", checked.sourceLanguage);
  checkTag("targetLanguage", checked.targetLanguage);
  checkGeneration(`${where}: generation`, checkedOptions(`${where}: generation`, checked.generation));
  return checked;
}

function checkTag(name: string, tag: unknown): void {
  try {
    Intl.getCanonicalLocales(tag as string);
    if (typeof tag === "string" && tag) return;
  } catch {
    // the error follows below
  }
  throw new ModelError("invalid_option", `Translator: ${name} must be a language tag such as "en", not ${quote(tag)}.`);
}
