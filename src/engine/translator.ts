/** Text in, text out, in the shape of the W3C Translator API (webmachinelearning.github.io/translation-api). */

import { availabilityOf, checkTag, watchedLoad, type Availability } from "./availability";
import { ModelError } from "../errors";
import { alignmentOf, type Alignment } from "../generation/alignment";
import type { GenerationConfig } from "../generation/options/generation-config";
import type { LoadOptions } from "./load-options";
import { Seq2Seq } from "./seq2seq";
import type { Source } from "../loading/sources/source";
import { checkedOptions, checkFunction } from "./options";
import { splitText, type Segments } from "../text/segments";
import { createTextStream } from "../text/stream";
import { languagePlan, type LanguagePlan } from "../text/tokenizer";

/** The options of `Translator.create` and `Translator.availability`. */
export interface TranslatorOptions {
  /** A loaded model, which `destroy` does not free, or the source of a model. */
  model: Source | Seq2Seq;
  /**
   * The language of the text, as a BCP 47 tag such as "en". A language that the model's files do not list is refused.
   * If they list none, the tag is not checked.
   */
  sourceLanguage: string;
  /** The language of the translation, as a BCP 47 tag such as "fr"; checked in the same way. */
  targetLanguage: string;
  /** Where to compute, as in {@link LoadOptions}; a loaded model stays where it is. Default "auto". */
  device?: LoadOptions["device"];
  /** Stops the download; `create` rejects with `signal.reason`. Default: none. */
  signal?: AbortSignal;
  /** Called with an event target that gets `downloadprogress` events, `loaded` from 0 to 1. Default: none. */
  monitor?: (monitor: EventTarget) => void;
}

/** The options of one translation. */
export interface TranslateOptions {
  /** Stops within one step; the call rejects with `signal.reason`. Default: none. */
  signal?: AbortSignal;
}

/** A part of a text, its translation, and which tokens of the two belong together. */
export interface AlignedSegment {
  /** The part of the text: a paragraph, a sentence or a piece of a long one. */
  source: string;
  /** Its translation. */
  translation: string;
  /** Its tokens as they stand in the vocabulary, end token included. */
  sourceTokens: string[];
  /** The tokens of the translation as they stand in the vocabulary, without end token. */
  targetTokens: string[];
  /** Of target tokens to source tokens. */
  alignment: Alignment;
}

/** A paragraph of at most this many tokens is translated as a whole, a longer one sentence by sentence. */
const WHOLE_PARAGRAPH = 64;
/** A longer sentence, in tokens, is cut into parts: models were trained on few that are longer. */
const LONGEST_SENTENCE = 256;

/** Text in, text out, in the shape of the W3C Translator API (webmachinelearning.github.io/translation-api). */
export class Translator {
  /** The most tokens of one call. There is no limit: long text is translated in parts. */
  readonly inputQuota = Infinity;
  private destroyed = new AbortController();

  private constructor(
    /** As given to `create`. */
    readonly sourceLanguage: string,
    /** As given to `create`. */
    readonly targetLanguage: string,
    private readonly model: Seq2Seq,
    private readonly plan: LanguagePlan,
    private readonly tokenOf: (id: number) => string,
    private readonly ownsModel: boolean,
  ) {}

  /**
   * Whether `create` can work with these options: "available" (a loaded model or local files), "downloadable", or "unavailable"
   * (no such model or device, an unknown family, or a loaded model without these languages).
   */
  static async availability(options: TranslatorOptions): Promise<Availability> {
    const checked = checkTranslatorOptions("Translator.availability", options);
    const { model, sourceLanguage, targetLanguage, device, signal } = checked;
    if (!(model instanceof Seq2Seq)) return availabilityOf(model, device, signal);
    if (!model.tokenizer) return "unavailable";
    try {
      languagePlan(model.tokenizer, sourceLanguage, targetLanguage);
      return "available";
    } catch (error) {
      if (error instanceof ModelError && error.code === "unsupported_option") return "unavailable";
      throw error;
    }
  }

  /**
   * Loads the model, unless it is passed in loaded, and checks the languages.
   * @throws ModelError; `signal.reason` once aborted
   */
  static async create(options: TranslatorOptions): Promise<Translator> {
    const { model: given, device, signal, monitor } = checkTranslatorOptions("Translator.create", options);
    const model = given instanceof Seq2Seq ? given : await watchedLoad(given, { device, signal }, monitor);
    try {
      const { tokenizer } = model;
      if (!tokenizer) {
        const none = "no tokenizer.json, nor the tokenizer files of its family.";
        const message = `A translator needs a tokenizer, and the model's folder has none: ${model.tokenizerProblem ?? none}`;
        throw new ModelError("file_not_found", message);
      }
      const { sourceLanguage, targetLanguage } = options;
      const plan = languagePlan(tokenizer, sourceLanguage, targetLanguage);
      const tokenOf = (id: number): string => tokenizer.token(id);
      return new Translator(sourceLanguage, targetLanguage, model, plan, tokenOf, model !== given);
    } catch (error) {
      if (model !== given) await model.dispose();
      throw error;
    }
  }

  /**
   * Translates text of any length. Paragraphs are translated as a whole, long ones sentence by sentence. White space between
   * them is kept.
   * @throws ModelError; `signal.reason` once aborted
   */
  async translate(text: string, options: TranslateOptions = {}): Promise<string> {
    const signal = this.signalOf("translate", options);
    const { segments, after } = this.split(text);
    if (segments.length === 0) return after;
    const ids = segments.map((segment) => this.plan.encode(segment.text));
    const { sequences } = await this.model.generate(ids, this.generation(signal));
    const translations = sequences.map((sequence) => this.textOf(sequence.slice(1)));
    return segments.map(({ before }, i) => before + translations[i]).join("") + after;
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
    const signal = this.signalOf("align", options);
    const { segments } = this.split(text);
    if (segments.length === 0) return [];
    const ids = segments.map((segment) => this.plan.encode(segment.text));
    const out = await this.model.generate(ids, { ...this.generation(signal), output_attentions: true });
    return segments.map((segment, i): AlignedSegment => {
      const target = out.sequences[i].slice(1);
      // Special tokens at the beginning or the end are not part of the text.
      const silent = (id: number): boolean => this.plan.decode([id]).trim() === "";
      const ignored = new Set(ids[i].flatMap((id, at) => (silent(id) ? [at] : [])));
      const words = target.length > 0 && silent(target[target.length - 1]) ? target.slice(0, -1) : target;
      return {
        source: segment.text,
        translation: this.textOf(target),
        sourceTokens: ids[i].map(this.tokenOf),
        targetTokens: words.map(this.tokenOf),
        alignment: alignmentOf(out.cross_attentions?.[i] ?? [], ids[i].length, ignored, words.length),
      };
    });
  }

  /** The number of tokens of the text. */
  async measureInputUsage(text: string, options: TranslateOptions = {}): Promise<number> {
    this.signalOf("measureInputUsage", options);
    return this.split(text).segments.reduce((sum, segment) => sum + this.plan.encode(segment.text).length, 0);
  }

  /** Ends running translations, and frees the model if this translator has loaded it. */
  destroy(): void {
    this.destroyed.abort(new ModelError("disposed", "This translator has been destroyed.", "Create another one."));
    if (this.ownsModel) void this.model.dispose();
  }

  private async *chunks(text: string, options: TranslateOptions): AsyncGenerator<string, void, undefined> {
    const signal = this.signalOf("translateStreaming", options);
    const { segments, after } = this.split(text);
    for (const segment of segments) {
      let before = segment.before;
      const stream = createTextStream(this.plan);
      for await (const { token } of this.model.stream(this.plan.encode(segment.text), this.generation(signal))) {
        const added = stream.push(token);
        if (added) yield before + added;
        if (added) before = "";
      }
      const rest = before + stream.end();
      if (rest) yield rest;
    }
    if (after) yield after;
  }

  private split(text: string): Segments {
    if (typeof text !== "string")
      throw new ModelError("invalid_input", `The text to translate must be a string, not a ${typeof text}.`);
    const limit = Math.min(LONGEST_SENTENCE, this.model.limits.source);
    const measure = (part: string): number => this.plan.encode(part).length;
    return splitText(text, this.sourceLanguage, measure, Math.min(WHOLE_PARAGRAPH, limit), limit);
  }

  private textOf(tokens: readonly number[]): string {
    const stream = createTextStream(this.plan);
    return tokens.map((token) => stream.push(token)).join("") + stream.end();
  }

  private generation(signal: AbortSignal): GenerationConfig {
    return { ...this.plan.generation, signal, num_return_sequences: 1 };
  }

  /** The signal that ends a call: that of the caller, or the end of this translator. Throws if it is aborted already. */
  private signalOf(where: string, options: TranslateOptions): AbortSignal {
    const { signal } = checkedOptions(where, options, ["signal"]);
    this.destroyed.signal.throwIfAborted();
    signal?.throwIfAborted();
    return signal ? AbortSignal.any([signal, this.destroyed.signal]) : this.destroyed.signal;
  }
}

function checkTranslatorOptions(where: string, options: TranslatorOptions): TranslatorOptions {
  const known = ["model", "sourceLanguage", "targetLanguage", "device", "signal", "monitor"] as const;
  const checked = checkedOptions(where, options, known);
  checkTag("sourceLanguage", checked.sourceLanguage);
  checkTag("targetLanguage", checked.targetLanguage);
  checkFunction(where, "monitor", checked.monitor);
  return checked;
}
