/** The parts of a tokenizer.json and how this package reads them. */

import { ModelError, quote } from "../../errors";
import type { AddedToken } from "../folder";

/** A component of tokenizer.json: `type` and its settings. */
export type Component = Readonly<Record<string, unknown>> & { type: string };

export interface Definition {
  normalizer?: Component;
  preTokenizer?: Component;
  model: ModelDefinition;
  /** In order: one that the model's vocabulary lacks gets the next free id. */
  addedTokens: AddedToken[];
  decoder?: Component;
}

export type ModelDefinition =
  | { type: "Unigram"; vocab: readonly (readonly [string, number])[]; unkId?: number; byteFallback: boolean }
  | {
      type: "BPE";
      vocab: ReadonlyMap<string, number>;
      merges: readonly (readonly [string, string])[];
      unkToken?: string;
      fuseUnk: boolean;
      byteFallback: boolean;
      ignoreMerges: boolean;
    };

/** A component that the pipeline does not have; families/generic.ts then turns to `@huggingface/tokenizers`. */
export class UnsupportedComponent extends Error {}

export function unsupported(part: string, what: unknown): UnsupportedComponent {
  return new UnsupportedComponent(`${part} ${quote(what)}`);
}

export function invalid(message: string): ModelError {
  return new ModelError(
    "invalid_tokenizer",
    `tokenizer.json: ${message}.`,
    "The file must be one that the Hugging Face tokenizers library wrote.",
  );
}

export function component(value: unknown, part: string): Component {
  if (typeof value !== "object" || value === null || typeof (value as Component).type !== "string") {
    throw invalid(`the ${part} has no type`);
  }
  return value as Component;
}

export function components(value: unknown, part: string): Component[] {
  if (!Array.isArray(value)) throw invalid(`the ${part} is no list`);
  return value.map((item) => component(item, part));
}

export function stringOf(value: unknown, part: string): string {
  if (typeof value !== "string") throw invalid(`the ${part} is no text`);
  return value;
}

/**
 * A pattern of tokenizer.json, `{"String": …}` or `{"Regex": …}`, as a global JavaScript expression. `\s`, `\d` and `\w`
 * mean what they mean in Oniguruma: properties of Unicode, not JavaScript's sets.
 */
export function patternOf(value: unknown, part: string): RegExp {
  const { String: text, Regex: source } = (value ?? {}) as { String?: unknown; Regex?: unknown };
  if (typeof text === "string") return new RegExp(text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"), "gu");
  if (typeof source !== "string") throw invalid(`the pattern of the ${part} is none`);
  // Inline flags, possessive quantifiers, \h, \R, \X, POSIX brackets: JavaScript lacks them or reads them otherwise.
  if (/\(\?[^:=!<]|[+*?}]\+|\\[hHRXGKzZAbB]|\[\[?:|&&/.test(source))
    throw unsupported(`the pattern of the ${part}`, source);
  const translated = source.replace(/\\(.)/gs, (whole, c: string) => ESCAPES[c] ?? whole);
  try {
    return new RegExp(translated, "gu");
  } catch {
    throw unsupported(`the pattern of the ${part}`, source);
  }
}

const ESCAPES: Record<string, string> = {
  s: "\\p{White_Space}",
  S: "\\P{White_Space}",
  d: "\\p{Nd}",
  D: "\\P{Nd}",
};
