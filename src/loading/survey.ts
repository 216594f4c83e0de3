/** The large files of a model, before any of them is read: which there are, and what is known of each. */

import { readText, type DownloadOptions } from "./sources/download";
import type { FileFacts, ModelFiles } from "./sources/files";
import { parseIndex, WEIGHT_FILES } from "./weights";

export interface Surveyed extends FileFacts {
  file: string;
  /** Whether it holds weights. */
  weights: boolean;
}

/**
 * The weights that `findWeights` would find, and tokenizer.json. Everything else is small.
 * @returns undefined where nothing is known of a file without reading it
 */
export async function survey(files: ModelFiles, options: DownloadOptions): Promise<Surveyed[] | undefined> {
  if (!files.facts) return undefined;
  const { signal } = options;
  const look = async (file: string, weights: boolean): Promise<Surveyed[]> => {
    const facts = await files.facts?.(file, signal);
    return facts ? [{ file, weights, ...facts }] : [];
  };
  const [tokenizer, weights] = await Promise.all([look("tokenizer.json", false), weightFiles(files, look, signal)]);
  return [...tokenizer, ...weights];
}

async function weightFiles(
  files: ModelFiles,
  look: (file: string, weights: boolean) => Promise<Surveyed[]>,
  signal?: AbortSignal,
): Promise<Surveyed[]> {
  for (const name of WEIGHT_FILES) {
    const single = await look(name, true);
    if (single.length > 0) return single;
    const index = `${name}.index.json`;
    const text = await readText(files, index, { signal, errorCode: "invalid_weights" });
    if (text === undefined) continue;
    return (await Promise.all(parseIndex(text, index).map((shard) => look(shard, true)))).flat();
  }
  return [];
}
