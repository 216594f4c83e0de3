/** Post-processors of the tokenizers library (its `processors` module): the ids around a text. */

import { ModelError } from "../../errors";
import { createPart, invalid, listOf, type Component, type Table } from "./definition";

/** Sequences of ids to sequences of ids, which are joined in the end. A text is one sequence at first. */
export type PostProcess = (sequences: number[][]) => number[][];

export const POST_PROCESSORS: Table<PostProcess> = {
  // [CLS] A [SEP] B [SEP]
  BertProcessing: (given) => {
    const [cls, sep] = [idOf(given.cls), idOf(given.sep)];
    return (sequences) => sequences.map((ids, i) => (i === 0 ? [cls, ...ids, sep] : [...ids, sep]));
  },
  // Only offsets in the text change.
  ByteLevel: () => (sequences) => sequences,
  // <s> A </s> </s> B </s>
  RobertaProcessing: (given) => {
    const [cls, sep] = [idOf(given.cls), idOf(given.sep)];
    return (sequences) => sequences.map((ids, i) => [i === 0 ? cls : sep, ...ids, sep]);
  },
  // Each takes the sequences that the one before it made: after a template, every special token is one.
  Sequence: ({ processors }) => {
    const steps = listOf(processors, "list of post-processors").map(createPostProcess);
    return (sequences) => steps.reduce((value, step) => step(value), sequences);
  },
  TemplateProcessing: template,
};

export const createPostProcess = (given: unknown): PostProcess => createPart("post-processor", POST_PROCESSORS, given);

/** The id of a token that is written ["</s>", 2]. */
function idOf(value: unknown): number {
  if (!Array.isArray(value) || !Number.isSafeInteger(value[1]))
    throw invalid("a token of the post-processor has no id");
  return value[1] as number;
}

/** A template is a list of special tokens and sequences, A and B; there is one for one sequence and one for two. */
function template(given: Component): PostProcess {
  type Item = { SpecialToken?: { id?: unknown }; Sequence?: { id?: unknown } } | null;
  const tokens = (given.special_tokens ?? {}) as Record<string, { ids?: unknown } | null>;
  const read = (items: unknown): (number[] | "A" | "B")[] =>
    listOf(items, "template of the post-processor").map((value) => {
      const { Sequence: sequence, SpecialToken: token } = (value as Item) ?? {};
      if (sequence) return sequence.id === "B" ? "B" : "A";
      const name = String(token?.id);
      const ids = Object.hasOwn(tokens, name) ? tokens[name]?.ids : undefined;
      if (!Array.isArray(ids) || !ids.every(Number.isSafeInteger)) throw invalid("a token of the template has no ids");
      return ids as number[];
    });
  const [single, pair] = [read(given.single), given.pair === undefined ? [] : read(given.pair)];
  if (single.includes("B")) throw invalid("the template for one text has a place for a second one");
  if (!single.includes("A")) throw invalid("the template of the post-processor has no place for the text");
  return (sequences) => {
    if (sequences.length > 2) throw new ModelError("invalid_tokenizer", "tokenizer.json: a template after a template.");
    return (sequences.length === 1 ? single : pair).map((item) =>
      item === "A" ? sequences[0] : item === "B" ? sequences[1] : item,
    );
  };
}
