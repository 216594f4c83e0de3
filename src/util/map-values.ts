/** The same keys, each with what `f` makes of its value. */
export function mapValues<K extends string, A, B>(
  object: Readonly<Record<K, A>>,
  f: (value: A, key: K) => B,
): Record<K, B> {
  const entries = Object.entries<A>(object) as [K, A][];
  return Object.fromEntries(entries.map(([key, value]) => [key, f(value, key)])) as Record<K, B>;
}
