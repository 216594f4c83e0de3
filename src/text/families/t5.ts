/** T5, FLAN-T5 and mT5 (tokenization_t5.py): Unigram, an end token, sentinels `<extra_id_0>` … */

import { quote } from "../../errors";
import { contentOf, invalidFile, namedTokens, type Fields, type Folder, type Token } from "../folder";
import { checkPairs, fits } from "../pairs";
import { checkedEncodeOptions, checkedText, type EncodeOptions, type LanguagePair, type Tokenizer } from "../tokenizer";
import {
  additionalOf,
  buildPipeline,
  idOf,
  METASPACE,
  piecesOf,
  precompiled,
  readSource,
  scored,
  WORDS,
} from "./source";

/** More than any model has; the vocabulary is built in memory. */
const MAX_SENTINELS = 10_000;

/** `<extra_id_0>` …, as many as `extra_ids` of tokenizer_config.json says. */
export function sentinelsOf(config: Fields, byDefault: number): string[] {
  const count = config.extra_ids ?? byDefault;
  if (!Number.isInteger(count) || (count as number) < 0 || (count as number) > MAX_SENTINELS) {
    const rule = `extra_ids must be an integer from 0 to ${MAX_SENTINELS}, not ${quote(count)}`;
    throw invalidFile("tokenizer_config.json", rule);
  }
  return Array.from({ length: count as number }, (_, i) => `<extra_id_${i}>`);
}

export async function createT5(folder: Folder, config: Fields): Promise<Tokenizer> {
  const source = await readSource(folder, config, "spiece.model", "T5 tokenizer");
  const { settings, charsmap } = source;
  const sentinels = sentinelsOf(config, 100);
  let additional: Token[] = additionalOf(source) ?? [];
  if (!additional.some((token) => contentOf(token).includes("<extra_id_"))) {
    additional = [...additional, ...sentinels];
  }
  const vocab = piecesOf(source, (pieces) => [...pieces, ...scored([...sentinels].reverse())]);
  const named = namedTokens(settings, { eos_token: "</s>", unk_token: "<unk>", pad_token: "<pad>" });
  const pipeline = buildPipeline(source, named, settings.extra ?? additional, {
    normalizer: charsmap === undefined ? undefined : precompiled(charsmap),
    preTokenizer: WORDS,
    model: { type: "Unigram", vocab, unkId: 2, byteFallback: false },
    decoder: METASPACE,
  });
  const end = idOf(pipeline, named, "eos_token");
  const { prefixOf, languagePairs } = taskPrefixes(folder.modelConfig);
  return {
    encode(text, options) {
      const checked = checkedEncodeOptions(options);
      const ids = pipeline.encode(prefixOf(checked) + checkedText(text));
      return checked.add_special_tokens ? [...ids, end] : ids;
    },
    decode: (ids) => pipeline.decode(ids),
    token: (id) => pipeline.token(id),
    unsettled: pipeline.unsettled,
    ...(languagePairs ? { languagePairs } : {}),
  };
}

/**
 * The prefix that config.json gives for a pair of languages: `task_specific_params.translation_en_to_fr.prefix`, such as
 * "translate English to French: ". A model whose config.json names no such task was trained for one, and gets none.
 */
export function taskPrefixes(config: Fields): {
  prefixOf: (options: EncodeOptions) => string;
  languagePairs?: readonly LanguagePair[];
} {
  const tasks = Object.entries(
    (config.task_specific_params ?? {}) as Record<string, { prefix?: unknown } | null>,
  ).flatMap(([name, task]) => {
    const pair = /^translation_(\w+?)_to_(\w+)$/.exec(name);
    return pair && typeof task?.prefix === "string" ? [{ source: pair[1], target: pair[2], prefix: task.prefix }] : [];
  });
  if (tasks.length === 0) return { prefixOf: () => "" };
  return {
    languagePairs: tasks.map(({ source, target }) => ({ source, target })),
    prefixOf({ sourceLanguage: from, targetLanguage: to }) {
      if (from === undefined || to === undefined) return "";
      const task = tasks.find(({ source, target }) => fits(from, source) && fits(to, target));
      if (task) return task.prefix;
      checkPairs(tasks, { sourceLanguage: from, targetLanguage: to });
      return "";
    },
  };
}
