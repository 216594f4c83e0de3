/** Text in, text out, in the shape of the W3C Translator API (webmachinelearning.github.io/translation-api). */

import { availabilityOf, checkTag, watchedLoad, type Availability } from "./availability";
import { ModelError } from "../errors";
import { alignmentOf, type Alignment } from "../generation/alignment";
import type { GenerationConfig } from "../generation/options/generation-config";
import { checkNames } from "../generation/options/option-names";
import { checkLoadOptions, LOAD_OPTIONS, type LoadOptions } from "./load-options";
import { Seq2Seq } from "./seq2seq";
import type { Source } from "../loading/sources/source";
import { checkedOptions, checkFunction } from "./options";
import { textPart, type TextPart } from "./parts";
import type { Segments } from "../text/segments";
import type { LanguagePlan } from "../text/tokenizer";

/**
 * The options of one translation: those of `generate` that make sense for a text. Each replaces that of
 * `TranslatorOptions.generation`. The language decides the first tokens, and one translation comes back per text.
 */
export type TranslateOptions = Omit<
  GenerationConfig,
  | "attention_mask"
  | "constraint"
  | "decoder_input_ids"
  | "decoder_start_token_id"
  | "forced_bos_token_id"
  | "num_return_sequences"
  | "output_alternatives"
  | "output_attentions"
  | "output_hidden_states"
  | "output_scores"
  | "prefix_allowed_tokens"
>;

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
    private readonly options: TranslateOptions,
    private readonly text: TextPart,
  ) {}

  /**
   * Whether `create` can work with these options: "available" (a loaded model or local files), "downloadable", or "unavailable"
   * (no such model or device, an unknown family, or a loaded model without these languages).
   */
  static async availability(options: TranslatorOptions): Promise<Availability> {
    const checked = checkTranslatorOptions("Translator.availability", options);
    const { model, sourceLanguage, targetLanguage, device, signal } = checked;
    const languages = { sourceLanguage, targetLanguage };
    if (!(model instanceof Seq2Seq)) return availabilityOf(model, languages, device, signal);
    if (!model.tokenizer) return "unavailable";
    try {
      (await textPart()).languagePlan(model.tokenizer, sourceLanguage, targetLanguage);
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
    const { model: given, sourceLanguage, targetLanguage, generation, monitor, ...loadOptions } = checked;
    const model = given instanceof Seq2Seq ? given : await watchedLoad(given, loadOptions, monitor);
    const warn = loadOptions.onWarning ?? model.warn;
    if (model === given) warnOfIdle({ ...loadOptions, monitor }, warn);
    try {
      const text = await textPart();
      const tokenizer = text.requireTokenizer("A translator", model);
      const plan = text.languagePlan(tokenizer, sourceLanguage, targetLanguage);
      text.warnOfUnchecked("Translator.create", tokenizer, { sourceLanguage, targetLanguage }, warn);
      const tokenOf = (id: number): string => tokenizer.token(id);
      const ownsModel = model !== given;
      return new Translator(sourceLanguage, targetLanguage, model, plan, tokenOf, ownsModel, generation ?? {}, text);
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
    const generation = this.generation("translate", options);
    const { segments, after } = this.split(text);
    if (segments.length === 0) return after;
    const ids = segments.map((segment) => this.plan.encode(segment.text));
    const { sequences } = await this.model.generate(ids, generation);
    const translations = sequences.map(([, ...tokens]) => this.text.textOf(this.plan, tokens));
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
    const generation = this.generation("align", options);
    const { segments } = this.split(text);
    if (segments.length === 0) return [];
    const ids = segments.map((segment) => this.plan.encode(segment.text));
    const out = await this.model.generate(ids, { ...generation, output_attentions: true });
    return segments.map((segment, i): AlignedSegment => {
      const target = out.sequences[i].slice(1);
      // Special tokens at the beginning or the end are not part of the text.
      const silent = (id: number): boolean => this.plan.decode([id]).trim() === "";
      const ignored = new Set(ids[i].flatMap((id, at) => (silent(id) ? [at] : [])));
      const words = target.length > 0 && silent(target[target.length - 1]) ? target.slice(0, -1) : target;
      return {
        source: segment.text,
        translation: this.text.textOf(this.plan, target),
        sourceTokens: ids[i].map(this.tokenOf),
        targetTokens: words.map(this.tokenOf),
        alignment: alignmentOf(out.cross_attentions?.[i] ?? [], ids[i].length, ignored, words.length),
      };
    });
  }

  /** The number of tokens of the text. */
  async measureInputUsage(text: string, options: TranslateOptions = {}): Promise<number> {
    this.generation("measureInputUsage", options);
    return this.split(text).segments.reduce((sum, segment) => sum + this.plan.encode(segment.text).length, 0);
  }

  /** Ends running translations, and frees the model if this translator has loaded it. */
  destroy(): void {
    this.destroyed.abort(new ModelError("disposed", "This translator has been destroyed.", "Create another one."));
    if (this.ownsModel) void this.model.dispose();
  }

  private async *chunks(text: string, options: TranslateOptions): AsyncGenerator<string, void, undefined> {
    const generation = this.generation("translateStreaming", options);
    const { segments, after } = this.split(text);
    for (const segment of segments) {
      let before = segment.before;
      const stream = this.text.createTextStream(this.plan);
      for await (const { token } of this.model.stream(this.plan.encode(segment.text), generation)) {
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
    return this.text.splitText(text, this.sourceLanguage, measure, Math.min(WHOLE_PARAGRAPH, limit), limit);
  }

  /**
   * The options of a call. Its signal is that of the caller, or the end of this translator. Throws if it is aborted already.
   */
  private generation(where: string, given: TranslateOptions): GenerationConfig {
    const options = checkedOptions(where, given);
    checkGeneration(where, options);
    const { signal } = options;
    this.destroyed.signal.throwIfAborted();
    signal?.throwIfAborted();
    return {
      ...this.options,
      ...options,
      ...this.plan.generation,
      signal: signal ? AbortSignal.any([signal, this.destroyed.signal]) : this.destroyed.signal,
      num_return_sequences: 1,
    };
  }
}

const OWN = ["model", "sourceLanguage", "targetLanguage", "generation", "monitor"] as const;

function checkTranslatorOptions(where: string, options: TranslatorOptions): TranslatorOptions {
  const checked = checkedOptions(where, options, [...OWN, ...LOAD_OPTIONS]);
  checkLoadOptions(Object.fromEntries(LOAD_OPTIONS.map((name) => [name, checked[name]])), where);
  checkTag("sourceLanguage", checked.sourceLanguage);
  checkTag("targetLanguage", checked.targetLanguage);
  checkFunction(where, "monitor", checked.monitor);
  checkGeneration(`${where}: generation`, checkedOptions(`${where}: generation`, checked.generation));
  return checked;
}

/** Options of `generate` that the language or the shape of a result decides. */
const NOT_FOR_TEXT: Readonly<Record<string, string>> = {
  forced_bos_token_id: "the language decides it",
  decoder_start_token_id: "the language decides it",
  decoder_input_ids: "text is translated in parts",
  constraint: "text is translated in parts",
  attention_mask: "text is translated in parts",
  prefix_allowed_tokens: "text is translated in parts",
  num_return_sequences: "one translation comes back per text",
  output_scores: "a translation is a text",
  output_alternatives: "a translation is a text",
  output_attentions: "align() uses them",
  output_hidden_states: "a translation is a text",
};

/** @throws ModelError for an option that `generate` does not have, or that has no place here */
function checkGeneration(where: string, given: object): void {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(NOT_FOR_TEXT, name)) continue;
    const message = `${where}: ${name} is not supported: ${NOT_FOR_TEXT[name]}.`;
    throw new ModelError("unsupported_option", message, "Use Seq2Seq and its generateText() or generate().");
  }
  const { signal: _, ...others } = given as TranslateOptions;
  checkNames({ ...others }, where);
}

/** A loaded model stays where and as it is. */
function warnOfIdle(options: object, warn: (message: string) => void): void {
  const idle = Object.entries(options).flatMap(([name, value]) =>
    value === undefined || name === "onWarning" || name === "signal" ? [] : [name],
  );
  if (idle.length > 0)
    warn(
      `Translator.create: ${idle.join(", ")} ${idle.length > 1 ? "have" : "has"} no effect, because the model is loaded already.`,
    );
}
