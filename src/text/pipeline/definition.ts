/** The parts of a tokenizer.json and how this package reads them. */

import { ModelError, quote } from "../../errors";
import type { AddedToken } from "../folder";
import { translate } from "./oniguruma";
import { UntranslatablePattern } from "./oniguruma-classes";

/** A component of tokenizer.json: `type` and its settings. */
export type Component = Readonly<Record<string, unknown>> & { type: string };

export interface Definition {
  normalizer?: Component;
  preTokenizer?: Component;
  model: ModelDefinition;
  postProcessor?: Component;
  /** The tokens of tokenizer.json, in order. One that the model's vocabulary lacks gets the next free id. */
  ownTokens?: readonly AddedToken[];
  /** Tokens that come after those. */
  addedTokens: readonly AddedToken[];
  /** Special tokens in the text are text (`split_special_tokens`). Default: false. */
  splitSpecialTokens?: boolean;
  decoder?: Component;
}

export type Vocabulary = ReadonlyMap<string, number>;

export interface UnigramDefinition {
  type: "Unigram";
  vocab: readonly (readonly [string, number])[];
  unkId?: number;
  byteFallback: boolean;
}

export interface BpeDefinition {
  type: "BPE";
  vocab: Vocabulary;
  merges: readonly (readonly [string, string])[];
  unkToken?: string;
  /** In front of every symbol of a word but the first. */
  continuingSubwordPrefix?: string;
  /** After the last symbol of a word. */
  endOfWordSuffix?: string;
  fuseUnk: boolean;
  byteFallback: boolean;
  ignoreMerges: boolean;
}

export interface WordPieceDefinition {
  type: "WordPiece";
  vocab: Vocabulary;
  unkToken: string;
  continuingSubwordPrefix: string;
  /** A longer word is unknown; code points. */
  maxInputCharsPerWord: number;
}

export interface WordLevelDefinition {
  type: "WordLevel";
  vocab: Vocabulary;
  unkToken: string;
}

export type ModelDefinition = UnigramDefinition | BpeDefinition | WordPieceDefinition | WordLevelDefinition;

export function unsupported(part: string, what: unknown, supported: readonly string[]): ModelError {
  return new ModelError(
    "invalid_tokenizer",
    `tokenizer.json: the ${part} ${quote(what)} is not supported.`,
    `Supported: ${supported.join(", ")}.`,
  );
}

export function invalid(message: string): ModelError {
  return new ModelError(
    "invalid_tokenizer",
    `tokenizer.json: ${message}.`,
    "The file must be one that the Hugging Face tokenizers library wrote.",
  );
}

/** What makes a part of each `type` from its settings. */
export type Table<T> = Readonly<Record<string, (given: Component) => T>>;

/** @throws ModelError for a type that the table lacks */
export function createPart<T>(kind: string, table: Table<T>, value: unknown): T {
  const given = component(value, kind);
  if (!Object.hasOwn(table, given.type)) throw unsupported(kind, given.type, Object.keys(table));
  return table[given.type](given);
}

export function component(value: unknown, part: string): Component {
  if (typeof value !== "object" || value === null || typeof (value as Component).type !== "string") {
    throw invalid(`the ${part} has no type`);
  }
  return value as Component;
}

export function listOf(value: unknown, part: string): unknown[] {
  if (!Array.isArray(value)) throw invalid(`the ${part} is not a list`);
  return value;
}

export function stringOf(value: unknown, part: string): string {
  if (typeof value !== "string") throw invalid(`the ${part} is not a text`);
  return value;
}

/** @param byDefault where the file does not say */
export function booleanOf(value: unknown, part: string, byDefault: boolean): boolean {
  if (value === undefined || value === null) return byDefault;
  if (typeof value !== "boolean") throw invalid(`the ${part} is not true or false`);
  return value;
}

export function countOf(value: unknown, part: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw invalid(`the ${part} is not a count`);
  return value as number;
}

export function characterOf(value: unknown, part: string): string {
  if ([...stringOf(value, part)].length !== 1) throw invalid(`the ${part} is not one character`);
  return value as string;
}

/** The source of an expression that matches `text` and nothing else. */
export const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

/** A pattern of tokenizer.json, `{"String": …}` or `{"Regex": …}`, as a global expression. */
export function patternOf(value: unknown, part: string): RegExp {
  const { String: text, Regex: source } = (value ?? {}) as { String?: unknown; Regex?: unknown };
  if (typeof text === "string") return new RegExp(literally(text), "gu");
  if (typeof source !== "string") throw invalid(`the pattern of the ${part} is neither String nor Regex`);
  try {
    return new RegExp(translate(source), "gv");
  } catch (error) {
    if (!(error instanceof UntranslatablePattern)) throw error;
    throw new ModelError(
      "invalid_tokenizer",
      `tokenizer.json: the pattern ${quote(source)} of the ${part} is not supported (${error.message}).`,
    );
  }
}
