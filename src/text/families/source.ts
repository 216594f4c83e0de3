/**
 * What the families share whose class in transformers 5 is a pipeline of the tokenizers library: T5, mBART, mBART-50,
 * NLLB, BART. They take the vocabulary out of tokenizer.json or a SentencePiece model and make everything else
 * themselves, whatever the file says; so does this.
 */

import { quote } from "../../errors";
import {
  addedToken,
  invalidFile,
  namedText,
  optionalFields,
  readSettings,
  required,
  tokensToAdd,
  type Fields,
  type Folder,
  type Settings,
  type Token,
} from "../folder";
import type { Component, Definition } from "../pipeline/definition";
import { createPipeline, type Pipeline } from "../pipeline/pipeline";
import { PieceType, readModelProto, type ModelProto } from "../sentencepiece/proto";
import { cleanUp, UNCLEANED } from "../tokenizer";
import { findCharsmap, readUnigram } from "./model-json";

export const METASPACE: Component = { type: "Metaspace", replacement: "\u2581", prepend_scheme: "always", split: true };
export const WORDS: Component = { type: "Sequence", pretokenizers: [{ type: "WhitespaceSplit" }, METASPACE] };
const ONE_SPACE: Component = { type: "Replace", pattern: { Regex: " {2,}" }, content: " " };

/** Of models without a character map. */
export const NEWLINE_AS_SPACE: Component = {
  type: "Sequence",
  normalizers: [{ type: "Replace", pattern: { Regex: "\n" }, content: " " }, ONE_SPACE],
};

export interface Source {
  settings: Settings;
  /** The vocabulary is in one of the two. */
  tokenizerJson?: Fields;
  proto?: ModelProto;
  /** The model's character map, in base64. */
  charsmap?: string;
}

/** @param file the SentencePiece model that is read if there is no tokenizer.json */
export async function readSource(folder: Folder, config: Fields, file: string, kind: string): Promise<Source> {
  const tokenizerJson = await optionalFields(folder, "tokenizer.json");
  const settings = await readSettings(folder, config, tokenizerJson);
  if (tokenizerJson) return { settings, tokenizerJson, charsmap: findCharsmap(tokenizerJson) };
  const proto = readModelProto(await required(folder.bytes(file), `tokenizer.json or ${file}`, kind), file);
  const { charsmap } = proto.normalizer;
  return { settings, proto, charsmap: charsmap.length > 0 ? toBase64(charsmap) : undefined };
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

export type ScoredPiece = readonly [piece: string, score: number];

/** Tokens that a class puts beside the pieces of a SentencePiece model. */
export const scored = (tokens: readonly string[], score = 0): ScoredPiece[] => tokens.map((token) => [token, score]);

/** Pieces with scores: those of tokenizer.json as they are, those of a SentencePiece model as `arrange` puts them. */
export function piecesOf(
  { tokenizerJson, proto }: Source,
  arrange: (pieces: ScoredPiece[]) => readonly ScoredPiece[],
): readonly ScoredPiece[] {
  if (tokenizerJson) return readUnigram(tokenizerJson).vocab;
  return arrange(proto!.pieces.map(({ piece, score }) => [piece, score]));
}

/** `additional_special_tokens` as the class gets it: from a SentencePiece model its control and user-defined pieces. */
export function additionalOf({ proto, settings }: Source): Token[] | undefined {
  if (!proto) return settings.additional;
  return proto.pieces
    .filter(({ type }) => type === PieceType.control || type === PieceType.userDefined)
    .map(({ piece, type }) => addedToken(piece, { special: type === PieceType.control, normalized: false }));
}

export const precompiled = (charsmap: string): Component => ({
  type: "Precompiled",
  precompiled_charsmap: charsmap,
});

/** The character map where there is one, then runs of spaces as one space. */
export const withOneSpace = (charsmap: string | undefined): Component => ({
  type: "Sequence",
  normalizers: charsmap === undefined ? [ONE_SPACE] : [precompiled(charsmap), ONE_SPACE],
});

/** The special tokens of the models that come from fairseq: BART, mBART and NLLB. */
export const FAIRSEQ_TOKENS = {
  bos_token: "<s>",
  eos_token: "</s>",
  sep_token: "</s>",
  cls_token: "<s>",
  unk_token: "<unk>",
  pad_token: "<pad>",
  mask_token: "<mask>",
};

/** The mask token of mBART and NLLB takes the space before it in, unless the files say how it is matched. */
export function maskTakesSpace(named: Map<string, Token>): void {
  const mask = named.get("mask_token");
  if (typeof mask !== "string") return;
  named.set("mask_token", addedToken(mask, { lstrip: true, normalized: true, special: true }));
}

export interface FamilyPipeline extends Pipeline {
  /** As in `Tokenizer`. */
  unsettled?: RegExp;
}

/** A pipeline with the special tokens of the files and of the class. */
export function buildPipeline(
  { settings }: Source,
  named: ReadonlyMap<string, Token>,
  extra: readonly Token[],
  parts: Omit<Definition, "addedTokens">,
): FamilyPipeline {
  const pipeline = createPipeline({
    ...parts,
    addedTokens: tokensToAdd(settings, named, extra),
    splitSpecialTokens: settings.config.split_special_tokens === true,
  });
  // A BPE model is not cleaned up after, whatever the configuration says (TokenizersBackend._decode).
  if (settings.config.clean_up_tokenization_spaces !== true || parts.model.type === "BPE") return pipeline;
  return { ...pipeline, unsettled: UNCLEANED, decode: (ids) => cleanUp(pipeline.decode(ids)) };
}

/** The id of a token that the family needs. */
export function idOf(pipeline: Pipeline, named: ReadonlyMap<string, Token>, name: string): number {
  const token = namedText(named, name);
  const id = pipeline.id(token);
  if (id === undefined) throw invalidFile("tokenizer", `there is no token ${quote(token)} in the vocabulary`);
  return id;
}
