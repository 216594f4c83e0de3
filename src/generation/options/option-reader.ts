/** Reads options with type checks. An error says where the option was set, its name, the rule and the value. */

import { ModelError, quote } from "../../errors";
import type { Fields } from "../../util/fields";

export type { Fields };

/** Looks an option up in several places in turn. Undefined and null count as absent. */
export class OptionReader {
  constructor(private readonly places: readonly { where: string; fields: Fields }[]) {}

  /** The value, and the place where it was found. */
  find(name: string): { value: unknown; where: string } {
    for (const { where, fields } of this.places) {
      const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (value !== undefined && value !== null) return { value, where };
    }
    return { value: undefined, where: this.places[0]?.where ?? "generate" };
  }

  has(name: string): boolean {
    return this.find(name).value !== undefined;
  }

  /** The value, which must pass `test`, or `fallback` if it is absent. */
  private read<T>(name: string, fallback: T, rule: string, test: (value: unknown) => boolean): T {
    const { value, where } = this.find(name);
    if (value === undefined) return fallback;
    if (!test(value)) throw invalid(where, name, rule, value);
    return value as T;
  }

  boolean(name: string): boolean {
    return this.read(name, false, "true or false", (value) => typeof value === "boolean");
  }

  integer<T extends number | undefined>(name: string, min: number, fallback: T): number | T {
    const rule = min === -Infinity ? "an integer" : `an integer of at least ${min}`;
    return this.read<number | T>(name, fallback, rule, (value) => isInteger(value, min));
  }

  number<T extends number | undefined>(
    name: string,
    rule: string,
    test: (x: number) => boolean,
    fallback: T,
  ): number | T {
    return this.read<number | T>(
      name,
      fallback,
      rule,
      (value) => typeof value === "number" && Number.isFinite(value) && test(value),
    );
  }

  /** A number from 0 to 1. `open` says which of the two ends are excluded. */
  share(name: string, open: { low: boolean; high: boolean }): number | undefined {
    const rule = `a number in ${open.low ? "(" : "["}0, 1${open.high ? ")" : "]"}`;
    return this.number(name, rule, (x) => (open.low ? x > 0 : x >= 0) && (open.high ? x < 1 : x <= 1), undefined);
  }

  token<T extends number | undefined>(name: string, vocabSize: number, fallback: T): number | T {
    return this.read<number | T>(name, fallback, `a token id below ${vocabSize}`, (value) => isToken(value, vocabSize));
  }

  /** One token id or a list of them, as a list; `fallback` if absent. An empty list is allowed. */
  tokens<T extends readonly number[] | undefined>(name: string, vocabSize: number, fallback: T): number[] | T {
    const { value, where } = this.find(name);
    if (value === undefined) return fallback;
    const list: unknown[] = Array.isArray(value) ? value : [value];
    for (const id of list) if (!isToken(id, vocabSize)) throw invalid(where, name, `a token id below ${vocabSize}`, id);
    return list as number[];
  }

  /** `tokens` for a field in which -1 stands for "no token", alone or in the list. */
  tokensOrNone(name: string, vocabSize: number, fallback: readonly number[]): number[] {
    const { value } = this.find(name);
    if (value === -1) return [];
    if (!Array.isArray(value)) return [...this.tokens(name, vocabSize, fallback)];
    return this.list<number>(name, `-1 or a token id below ${vocabSize}, or a list of them`, (id) =>
      isTokenOrNone(id, vocabSize),
    ).filter((id) => id !== -1);
  }

  /** An integer of at least 0, or -1 for "off". */
  countOrOff<T extends number | undefined>(name: string, fallback: T): number | T {
    const value = this.integer(name, -1, fallback);
    return value === undefined ? value : Math.max(0, value);
  }

  /** A list whose elements all pass `element`, holes too; empty if absent. `rule` says the same in words. */
  list<T>(name: string, rule: string, element: (value: unknown) => boolean): T[] {
    return this.read<T[]>(name, [], rule, (value) => Array.isArray(value) && Array.from(value).every(element));
  }
}

export function isInteger(value: unknown, min = 0): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min;
}

export function isToken(value: unknown, vocabSize: number): value is number {
  return isInteger(value) && value < vocabSize;
}

export const isTokenOrNone = (value: unknown, vocabSize: number): boolean => value === -1 || isToken(value, vocabSize);

/** A list of at least one token id. */
export function isTokenList(value: unknown, vocabSize: number): value is number[] {
  return Array.isArray(value) && value.length > 0 && Array.from(value).every((id) => isToken(id, vocabSize));
}

export function invalid(where: string, name: string, rule: string, value: unknown): ModelError {
  return new ModelError("invalid_option", `${where}: ${name} must be ${rule}, not ${quote(value)}.`);
}
