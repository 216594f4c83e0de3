/** What can be said of a model before its weights are read. */

import { ModelError } from "../errors";
import { readJson } from "../loading/sources/download";
import { openSource, type Source } from "../loading/sources/source";
import type { EncodeOptions } from "../text/tokenizer";
import { findFamily } from "./family";
import { textPart } from "./parts";

/**
 * Reads config.json and, of a model that has one, tokenizer_config.json, but no weights.
 * @returns the name of the folder: on a server, the Hub included, its address
 * @throws ModelError where there is no such model, or none that this engine runs for these languages; `signal.reason` once
 *   aborted
 */
export async function describe(source: Source, languages: EncodeOptions, signal?: AbortSignal): Promise<string> {
  const files = openSource(source);
  const config = await readJson(files, "config.json", { signal });
  if (typeof config !== "object" || config === null)
    throw new ModelError("file_not_found", `${files.name}: there is no config.json.`);
  const fields = config as Record<string, unknown>;
  (await findFamily(fields)).family.info(fields);
  const tokenizer = await readJson(files, "tokenizer_config.json", { signal });
  const { contradicts } = await textPart();
  if (contradicts(languages, tokenizer, fields))
    throw new ModelError("unsupported_option", `${files.name}: the model is for other languages.`);
  return files.name;
}
