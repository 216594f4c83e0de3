/** Modules of Node. */

/** Whether this is Node, and not a page or its worker. */
export const isNode = (): boolean => typeof process !== "undefined" && Boolean(process.versions?.node);

/** One of them, without an import that a bundler for pages would look for. Only where this is Node. */
export function nodeModule<T>(name: string): T {
  const { process } = globalThis as unknown as { process: { getBuiltinModule(name: string): T } };
  return process.getBuiltinModule(name);
}
