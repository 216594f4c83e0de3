/** Modules of Node. */

/** Whether this is Node, and not a page or its worker. */
export const isNode = (): boolean => typeof process !== "undefined" && Boolean(process.versions?.node);

/** A built-in module by its name. There is no `import`, which a bundler for pages would try to resolve. To be called in Node only. */
export function nodeModule<T>(name: string): T {
  const { process } = globalThis as unknown as { process: { getBuiltinModule(name: string): T } };
  return process.getBuiltinModule(name);
}
