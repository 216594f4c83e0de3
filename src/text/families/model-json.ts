/** The `model` and `normalizer` of a tokenizer.json, checked; the files vocab.json and merges.txt. */

import { quote } from "../../errors";
import { fieldsOf, invalidFile, required, type Fields, type Folder } from "../folder";
import {
  countOf,
  unsupported,
  type BpeDefinition,
  type ModelDefinition,
  type UnigramDefinition,
  type WordLevelDefinition,
  type WordPieceDefinition,
} from "../pipeline/definition";
import { MODELS } from "../pipeline/models";

const FILE = "tokenizer.json";

function optionalText(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw invalidFile(FILE, `model.${name} is not a text`);
  return value;
}

const READERS: { [T in ModelDefinition["type"]]: (json: Fields) => ModelDefinition & { type: T } } = {
  BPE: readBpe,
  Unigram: readUnigram,
  WordLevel: readWordLevel,
  WordPiece: readWordPiece,
};

/** The model by its `type`; older files leave it out. */
export function readModel(json: Fields): ModelDefinition {
  const model = fieldsOf(json.model, FILE);
  const byFields = Array.isArray(model.vocab)
    ? "Unigram"
    : model.merges !== undefined
      ? "BPE"
      : model.continuing_subword_prefix !== undefined
        ? "WordPiece"
        : "WordLevel";
  const type = model.type ?? byFields;
  if (typeof type !== "string" || !Object.hasOwn(READERS, type)) throw unsupported("model", type, Object.keys(MODELS));
  return READERS[type as ModelDefinition["type"]](json);
}

/** The vocabulary as a list of pieces with log probabilities. */
export function readUnigram(json: Fields): UnigramDefinition {
  const model = fieldsOf(json.model, FILE);
  const { vocab, unk_id: unkId } = model;
  const isPair = (item: unknown): item is [string, number] =>
    Array.isArray(item) && typeof item[0] === "string" && typeof item[1] === "number" && !Number.isNaN(item[1]);
  if (!Array.isArray(vocab) || !vocab.every(isPair))
    throw invalidFile(FILE, "model.vocab is not a list of pieces with scores");
  if (unkId !== undefined && unkId !== null && !Number.isSafeInteger(unkId))
    throw invalidFile(FILE, "model.unk_id is not an id");
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
  if (model.dropout) throw unsupported("dropout of the model", model.dropout, ["none, or 0"]);
  return {
    type: "BPE",
    vocab: readVocabulary(model.vocab, FILE),
    merges: readMerges(model.merges, FILE),
    unkToken: optionalText(model.unk_token, "unk_token"),
    continuingSubwordPrefix: optionalText(model.continuing_subword_prefix, "continuing_subword_prefix"),
    endOfWordSuffix: optionalText(model.end_of_word_suffix, "end_of_word_suffix"),
    fuseUnk: model.fuse_unk === true,
    byteFallback: model.byte_fallback === true,
    ignoreMerges: model.ignore_merges === true,
  };
}

export function readWordPiece(json: Fields): WordPieceDefinition {
  const model = fieldsOf(json.model, FILE);
  return {
    type: "WordPiece",
    vocab: readVocabulary(model.vocab, FILE),
    unkToken: optionalText(model.unk_token, "unk_token") ?? "[UNK]",
    continuingSubwordPrefix: optionalText(model.continuing_subword_prefix, "continuing_subword_prefix") ?? "##",
    maxInputCharsPerWord: countOf(model.max_input_chars_per_word ?? 100, "model.max_input_chars_per_word"),
  };
}

export function readWordLevel(json: Fields): WordLevelDefinition {
  const model = fieldsOf(json.model, FILE);
  return {
    type: "WordLevel",
    vocab: readVocabulary(model.vocab, FILE),
    unkToken: optionalText(model.unk_token, "unk_token") ?? "<unk>",
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

/** `["a b", …]`, or `[["a", "b"], …]` in newer files; a line "#version: 0.2" is not a merge. */
export function readMerges(value: unknown, file: string): [string, string][] {
  if (!Array.isArray(value)) throw invalidFile(file, "the merges are not a list");
  return value
    .filter((merge) => typeof merge !== "string" || !merge.startsWith("#version"))
    .map((merge: unknown) => {
      const parts: unknown[] = typeof merge === "string" ? merge.split(" ") : Array.isArray(merge) ? merge : [];
      if (parts.length !== 2 || !parts.every((part) => typeof part === "string")) {
        throw invalidFile(file, `${quote(merge)} is not a merge`);
      }
      return parts as [string, string];
    });
}

/** The vocabulary and the merges: of tokenizer.json, or of vocab.json and merges.txt. */
export async function readBpeOf(folder: Folder, tokenizerJson: Fields | undefined, kind: string) {
  if (tokenizerJson) return readBpe(tokenizerJson);
  const vocab = readVocabulary(await required(folder.json("vocab.json"), "vocab.json", kind), "vocab.json");
  const lines = (await required(folder.text("merges.txt"), "merges.txt", kind)).split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  if (lines.length === 0) throw invalidFile("merges.txt", "is empty");
  return { vocab, merges: readMerges(lines, "merges.txt") };
}

/** The character map of the first Precompiled normalizer, in base64. */
export function findCharsmap(json: Fields): string | undefined {
  const { normalizer } = json as { normalizer?: { type?: unknown; normalizers?: unknown } | null };
  const steps: unknown[] =
    normalizer?.type === "Sequence" && Array.isArray(normalizer.normalizers) ? normalizer.normalizers : [normalizer];
  for (const step of steps as ({ type?: unknown; precompiled_charsmap?: unknown } | null | undefined)[]) {
    if (step?.type === "Precompiled" && typeof step.precompiled_charsmap === "string") return step.precompiled_charsmap;
  }
  return undefined;
}
