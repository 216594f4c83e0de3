/** The JSON files of a model's folder that are objects. */

import { ModelError } from "../errors";
import { readJson, type DownloadOptions } from "../loading/sources/download";
import type { ModelFiles } from "../loading/sources/files";
import { isFields } from "../util/fields";

/**
 * @returns undefined where there is no such file
 * @throws ModelError `invalid_config` where it holds something else than an object
 */
export async function readFields(
  files: ModelFiles,
  file: string,
  options: DownloadOptions,
): Promise<Record<string, unknown> | undefined> {
  const fields = await readJson(files, file, options);
  if (fields === undefined) return undefined;
  if (!isFields(fields)) throw new ModelError("invalid_config", `${file}: is not a JSON object.`);
  return fields;
}

/** config.json, which every model has. @throws ModelError `file_not_found`, `invalid_config` */
export async function readConfig(files: ModelFiles, options: DownloadOptions): Promise<Record<string, unknown>> {
  const config = await readFields(files, "config.json", options);
  if (config) return config;
  throw new ModelError(
    "file_not_found",
    `${files.name}: there is no config.json.`,
    "A model is a folder with config.json and weights, such as model.safetensors.",
  );
}
