/** The options that a caller gave: `null` stands for what is left out, as `undefined` does. */
export function withoutNulls<T extends object>(options: T): T {
  const given = Object.entries(options).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(given) as T;
}
