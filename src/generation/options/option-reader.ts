/** Typed reading of options: each getter names the place, the option, the rule and the value that broke it. */

import { ModelError, quote } from "../../errors";

export type Fields = Readonly<Record<string, unknown>>;

/** Looks a name up in several places in turn; undefined and null are the same as absent. */
export class OptionReader {
  constructor(private readonly places: readonly { where: string; fields: Fields }[]) {}

  /** The value, and the place it stands in. */
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

  /** The value where it is there and passes `test`; `fallback` where it is absent. */
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
    return this.read<number | T>(name, fallback, `an integer of at least ${min}`, (value) => isInteger(value, min));
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

  /** A number in one of the usual intervals. */
  share(name: string, open: { low: boolean; high: boolean }): number | undefined {
    const rule = `a number in ${open.low ? "(" : "["}0, 1${open.high ? ")" : "]"}`;
    return this.number(name, rule, (x) => (open.low ? x > 0 : x >= 0) && (open.high ? x < 1 : x <= 1), undefined);
  }

  token<T extends number | undefined>(name: string, vocabSize: number, fallback: T): number | T {
    return this.read<number | T>(name, fallback, `a token id below ${vocabSize}`, (value) => isToken(value, vocabSize));
  }

  /** One token id or a list of them; absent: `fallback`. An empty list is a list. */
  tokens<T extends readonly number[] | undefined>(name: string, vocabSize: number, fallback: T): number[] | T {
    const { value, where } = this.find(name);
    if (value === undefined) return fallback;
    const list: unknown[] = Array.isArray(value) ? value : [value];
    for (const id of list) if (!isToken(id, vocabSize)) throw invalid(where, name, `a token id below ${vocabSize}`, id);
    return list as number[];
  }

  /** A list whose elements `element` accepts, `rule` in words. */
  list<T>(name: string, rule: string, element: (value: unknown) => boolean): T[] {
    return this.read<T[]>(name, [], rule, (value) => Array.isArray(value) && value.every(element));
  }
}

export function isInteger(value: unknown, min = 0): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min;
}

export function isToken(value: unknown, vocabSize: number): value is number {
  return isInteger(value) && value < vocabSize;
}

/** A list of at least one token id. */
export function isTokenList(value: unknown, vocabSize: number): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((id) => isToken(id, vocabSize));
}

export function invalid(where: string, name: string, rule: string, value: unknown): ModelError {
  return new ModelError("invalid_option", `${where}: ${name} must be ${rule}, not ${quote(value)}.`);
}
