/** The `model` and `normalizer` of a tokenizer.json, checked. */

import { quote } from "../../errors";
import { fieldsOf, invalidFile, type Fields } from "../folder";
import { unsupported, type ModelDefinition } from "../pipeline/definition";

const FILE = "tokenizer.json";

export type UnigramDefinition = ModelDefinition & { type: "Unigram" };
export type BpeDefinition = ModelDefinition & { type: "BPE" };

function optionalText(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw invalidFile(FILE, `model.${name} is no text`);
  return value;
}

/** The vocabulary as a list of pieces with log probabilities. */
export function readUnigram(json: Fields): UnigramDefinition {
  const model = fieldsOf(json.model, FILE);
  const { vocab, unk_id: unkId } = model;
  const isPair = (item: unknown): item is [string, number] =>
    Array.isArray(item) && typeof item[0] === "string" && typeof item[1] === "number" && !Number.isNaN(item[1]);
  if (!Array.isArray(vocab) || !vocab.every(isPair))
    throw invalidFile(FILE, "model.vocab is no list of pieces with scores");
  if (unkId !== undefined && unkId !== null && !Number.isSafeInteger(unkId))
    throw invalidFile(FILE, "model.unk_id is no id");
  return {
    type: "Unigram",
    vocab,
    unkId: (unkId ?? undefined) as number | undefined,
    byteFallback: model.byte_fallback === true,
  };
}

/** The vocabulary as tokens with ids, and the merges in order. */
export function readBpe(json: Fields): BpeDefinition {
  const model = fieldsOf(json.model, FILE);
  for (const name of ["continuing_subword_prefix", "end_of_word_suffix"]) {
    if (optionalText(model[name], name)) throw unsupported(`model.${name}`, model[name]);
  }
  if (model.dropout) throw unsupported("model.dropout", model.dropout);
  return {
    type: "BPE",
    vocab: readVocabulary(model.vocab, FILE),
    merges: readMerges(model.merges, FILE),
    unkToken: optionalText(model.unk_token, "unk_token"),
    fuseUnk: model.fuse_unk === true,
    byteFallback: model.byte_fallback === true,
    ignoreMerges: model.ignore_merges === true,
  };
}

/** An object of tokens and ids. */
export function readVocabulary(value: unknown, file: string): Map<string, number> {
  const vocab = new Map(Object.entries(fieldsOf(value, file))) as Map<string, number>;
  for (const [token, id] of vocab) {
    if (!Number.isSafeInteger(id) || id < 0 || id >= 1 << 26)
      throw invalidFile(file, `the id of ${quote(token)} is ${quote(id)}`);
  }
  if (vocab.size === 0) throw invalidFile(file, "the vocabulary is empty");
  return vocab;
}

/** `["a b", …]`, or `[["a", "b"], …]` in newer files. */
export function readMerges(value: unknown, file: string): [string, string][] {
  if (!Array.isArray(value)) throw invalidFile(file, "the merges are no list");
  return value.map((merge: unknown) => {
    const parts: unknown[] = typeof merge === "string" ? merge.split(" ") : Array.isArray(merge) ? merge : [];
    if (parts.length !== 2 || !parts.every((part) => typeof part === "string")) {
      throw invalidFile(file, `${quote(merge)} is no merge`);
    }
    return parts as [string, string];
  });
}

/** The character map of the first Precompiled normaliser, in base64. */
export function findCharsmap(json: Fields): string | undefined {
  const { normalizer } = json as { normalizer?: { type?: unknown; normalizers?: unknown } | null };
  const steps: unknown[] =
    normalizer?.type === "Sequence" && Array.isArray(normalizer.normalizers) ? normalizer.normalizers : [normalizer];
  for (const step of steps as ({ type?: unknown; precompiled_charsmap?: unknown } | null | undefined)[]) {
    if (step?.type === "Precompiled" && typeof step.precompiled_charsmap === "string") return step.precompiled_charsmap;
  }
  return undefined;
}
