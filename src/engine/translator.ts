/** Translates text with a model of this thread, for one pair of languages. */

import { ModelError } from "../errors";
import { alignmentOf, type Alignment } from "../generation/alignment";
import type { GenerationConfig } from "../generation/options/generation-config";
import type { Limits } from "./model-config";
import type { GenerateOutput, StreamStep } from "./results";
import { requireTokenizer, warnOfUnchecked, type TextModel } from "./text-calls";
import type { TranslateOptions } from "./translate-options";
import { splitText, type Segments } from "../text/segments";
import { createTextStream, textOf } from "../text/stream";
import { languagePlan } from "../text/tokenizer";

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

/** What a translator needs of a model. */
export interface TranslatorModel extends Pick<TextModel, "tokenizer" | "tokenizerProblem"> {
  readonly limits: Limits;
  generate(inputIds: number[][], options: GenerationConfig): Promise<GenerateOutput>;
  stream(inputIds: number[], options: GenerationConfig): AsyncIterable<StreamStep>;
}

/** What a translator was created for. */
export interface TranslatorSetup {
  sourceLanguage: string;
  targetLanguage: string;
  /** Options of every translation. */
  generation?: TranslateOptions;
}

/** A paragraph of at most this many tokens is translated as a whole, a longer one sentence by sentence. */
const WHOLE_PARAGRAPH = 64;
/** A longer sentence, in tokens, is cut into parts: models were trained on few that are longer. */
const LONGEST_SENTENCE = 256;

export type LocalTranslator = ReturnType<typeof createTranslator>;

/**
 * @throws ModelError: `unsupported_option` for a pair of languages that the model's files contradict, `file_not_found` without a
 *   tokenizer
 */
export function createTranslator(model: TranslatorModel, setup: TranslatorSetup) {
  const { sourceLanguage, targetLanguage, generation } = setup;
  const tokenizer = requireTokenizer("A translator", model);
  const plan = languagePlan(tokenizer, sourceLanguage, targetLanguage);
  const tokenOf = (id: number): string => tokenizer.token(id);
  const warnings: string[] = [];
  warnOfUnchecked("Translator.create", tokenizer, { sourceLanguage, targetLanguage }, (text) => warnings.push(text));

  const optionsOf = (options: TranslateOptions): GenerationConfig => ({
    ...generation,
    ...options,
    ...plan.generation,
    num_return_sequences: 1,
  });

  function split(text: string): Segments {
    if (typeof text !== "string")
      throw new ModelError("invalid_input", `The text to translate must be a string, not a ${typeof text}.`);
    const limit = Math.min(LONGEST_SENTENCE, model.limits.source);
    const measure = (part: string): number => plan.encode(part).length;
    return splitText(text, sourceLanguage, measure, Math.min(WHOLE_PARAGRAPH, limit), limit);
  }

  return {
    /** What was not checked, and why. */
    warnings,

    async translate(text: string, options: TranslateOptions): Promise<string> {
      const { segments, after } = split(text);
      if (segments.length === 0) return after;
      const ids = segments.map((segment) => plan.encode(segment.text));
      const { sequences } = await model.generate(ids, optionsOf(options));
      const translations = sequences.map(([, ...tokens]) => textOf(plan, tokens));
      return segments.map(({ before }, i) => before + translations[i]).join("") + after;
    },

    async *translateStreaming(text: string, options: TranslateOptions): AsyncGenerator<string, void, undefined> {
      const { segments, after } = split(text);
      for (const segment of segments) {
        let before = segment.before;
        const stream = createTextStream(plan);
        for await (const { token } of model.stream(plan.encode(segment.text), optionsOf(options))) {
          const added = stream.push(token);
          if (added) yield before + added;
          if (added) before = "";
        }
        const rest = before + stream.end();
        if (rest) yield rest;
      }
      if (after) yield after;
    },

    async align(text: string, options: TranslateOptions): Promise<AlignedSegment[]> {
      const { segments } = split(text);
      if (segments.length === 0) return [];
      const ids = segments.map((segment) => plan.encode(segment.text));
      const out = await model.generate(ids, { ...optionsOf(options), output_attentions: true });
      return segments.map((segment, i): AlignedSegment => {
        const target = out.sequences[i].slice(1);
        // Special tokens at the beginning or the end are not part of the text.
        const silent = (id: number): boolean => plan.decode([id]).trim() === "";
        const ignored = new Set(ids[i].flatMap((id, at) => (silent(id) ? [at] : [])));
        const words = target.length > 0 && silent(target[target.length - 1]) ? target.slice(0, -1) : target;
        return {
          source: segment.text,
          translation: textOf(plan, target),
          sourceTokens: ids[i].map(tokenOf),
          targetTokens: words.map(tokenOf),
          alignment: alignmentOf(out.cross_attentions?.[i] ?? [], ids[i].length, ignored, words.length),
        };
      });
    },

    /** The number of tokens of the text. */
    measureInputUsage: (text: string): number =>
      split(text).segments.reduce((sum, segment) => sum + plan.encode(segment.text).length, 0),
  };
}
