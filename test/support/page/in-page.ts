/** The page's side of `runInPage`. */

import { fromJson, toJson } from "../shared/json";

export async function call(module: string, name: string, args: string): Promise<string> {
  const exports = (await import(/* @vite-ignore */ module)) as Record<string, unknown>;
  const fn = exports[name];
  if (typeof fn !== "function") throw new Error(`${module} exports no function "${name}".`);
  return toJson(await (fn as (...args: unknown[]) => unknown)(...(fromJson(args) as unknown[])));
}
