/** Runs in a page: the measurement of `npm run bench:gpu`, whose results go to the script that opened the page. */

import { fileNameOf, type Results } from "./results";
import { runBench, type Settings } from "./run";

declare global {
  function benchLog(line: string): Promise<void>;
  function benchSave(results: string): Promise<void>;
}

/**
 * @param earlier what earlier runs have found, by the names of their files
 * @returns how many things were left out
 */
export async function runInPage(
  wanted: Pick<Settings, "sections" | "kernels" | "words" | "minutes">,
  earlier: Record<string, Results>,
): Promise<number> {
  let saved = Promise.resolve();
  const { leftOut } = await runBench({
    ...wanted,
    earlier: (adapter) => earlier[fileNameOf(adapter)],
    save: (results) => void (saved = benchSave(JSON.stringify(results))),
    log: (line) => void benchLog(line),
  });
  await saved;
  return leftOut.length;
}
