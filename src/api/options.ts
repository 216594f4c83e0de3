/** Checks that every public method makes of its options object. */

import { ModelError, quote } from "../errors";

/** The options, or none where there are none; anything that is no object is refused, and so is a name not in `known`. */
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
      `Known: ${known?.join(", ")}.`,
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
