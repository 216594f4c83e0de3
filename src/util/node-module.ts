/** Modules of Node. */

/** One of them, without an import that a bundler for pages would look for. Only where there is Node. */
export function nodeModule<T>(name: string): T {
  const { process } = globalThis as unknown as { process: { getBuiltinModule(name: string): T } };
  return process.getBuiltinModule(name);
}
