/** Checks of an options object, which every public method makes. */

import { ModelError, quote } from "../errors";
import { withoutNulls } from "../util/given";

/**
 * The options that are given, without those that are null or undefined. Refuses a value that is not an object and, if `known`
 * is given, names not in it.
 */
export function checkedOptions<T extends object>(
  where: string,
  options: T | null | undefined,
  known?: readonly (keyof T & string)[],
): T {
  if (options !== null && options !== undefined && (typeof options !== "object" || Array.isArray(options))) {
    throw new ModelError("invalid_option", `${where}: the options must be an object, not ${quote(options)}.`);
  }
  const given = withoutNulls(options ?? ({} as T));
  const unknown = Object.keys(given).find((name) => known && !known.includes(name as never));
  if (unknown !== undefined) {
    throw new ModelError(
      "unsupported_option",
      `${where}: there is no option "${unknown}".`,
      `Known options: ${known?.join(", ")}.`,
    );
  }
  checkSignal(where, (given as { signal?: unknown }).signal);
  return given;
}

function checkSignal(where: string, signal: unknown): void {
  if (signal === undefined) return;
  const { aborted, throwIfAborted } = signal as Partial<AbortSignal>;
  if (typeof aborted === "boolean" && typeof throwIfAborted === "function") return;
  throw new ModelError("invalid_option", `${where}: signal must be an AbortSignal, not ${quote(signal)}.`);
}

export function checkBoolean(where: string, name: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new ModelError("invalid_option", `${where}: ${name} must be true or false, not ${quote(value)}.`);
}

export function checkFunction(where: string, name: string, value: unknown): void {
  if (value === undefined || typeof value === "function") return;
  throw new ModelError("invalid_option", `${where}: ${name} must be a function, not ${quote(value)}.`);
}
