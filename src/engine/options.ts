/** Checks of an options object, which every public method makes. */

import { ModelError, quote } from "../errors";

/** The options, or an empty object. Refuses a value that is not an object and, if `known` is given, names not in it. */
export function checkedOptions<T extends object>(
  where: string,
  options: T | null | undefined,
  known?: readonly (keyof T & string)[],
): T {
  const given = options ?? ({} as T);
  if (typeof given !== "object" || Array.isArray(given)) {
    throw new ModelError("invalid_option", `${where}: the options must be an object, not ${quote(given)}.`);
  }
  const unknown = Object.entries(given).find(
    ([name, value]) => value !== undefined && known && !known.includes(name as never),
  );
  if (unknown) {
    throw new ModelError(
      "unsupported_option",
      `${where}: there is no option "${unknown[0]}".`,
      `Known options: ${known?.join(", ")}.`,
    );
  }
  checkSignal(where, (given as { signal?: unknown }).signal);
  return given;
}

function checkSignal(where: string, signal: unknown): void {
  if (signal === undefined || signal === null) return;
  if (typeof signal === "object" && "aborted" in signal && "throwIfAborted" in signal) return;
  throw new ModelError("invalid_option", `${where}: signal must be an AbortSignal, not ${quote(signal)}.`);
}

export function checkBoolean(where: string, name: string, value: unknown): void {
  if (value === undefined || value === null || typeof value === "boolean") return;
  throw new ModelError("invalid_option", `${where}: ${name} must be true or false, not ${quote(value)}.`);
}
