/** Data that nobody can change. */

/** Frozen with all that is in it. */
export function frozen<T extends object>(value: T): T {
  for (const part of Object.values(value) as unknown[]) if (typeof part === "object" && part !== null) frozen(part);
  return Object.freeze(value);
}
