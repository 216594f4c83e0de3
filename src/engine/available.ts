/** Whether a model could be loaded here, and whether it is in the store. */

import { wasmRefusal } from "../backends/wasm/support";
import { ModelError } from "../errors";
import { readJson } from "../loading/sources/download";
import type { ModelFiles } from "../loading/sources/files";
import { openSource, type Source } from "../loading/sources/source";
import { survey } from "../loading/survey";
import type { EncodeOptions } from "../text/tokenizer";
import { findFamily } from "./family";
import { gpuSupport } from "./gpu";
import { readConfig } from "./json-files";
import type { LoadOptions } from "./load-options";
import { openStored } from "./model-files";
import { textPart } from "./parts";

/**
 * Whether a translator can be made, in the words of the W3C Translator API: "available" at once or from the store, "downloadable"
 * from a server, "unavailable" at all. "downloading" is never said: this package does not know what other pages load.
 */
export type Availability = "unavailable" | "downloadable" | "downloading" | "available";

/** Reads config.json and tokenizer_config.json; of the weights of a server it asks whether they are stored. */
export async function availabilityOf(
  source: Source,
  languages: EncodeOptions,
  device: LoadOptions["device"] = "auto",
  signal?: AbortSignal,
): Promise<Availability> {
  if (device === "webgpu" && !(await gpuSupport()).webgpu) return "unavailable";
  if (device === "wasm" && wasmRefusal()) return "unavailable";
  let files: ModelFiles;
  try {
    files = await openStored(openSource(source), { retries: 1, onWarning: () => undefined });
    const config = await readConfig(files, { signal });
    (await findFamily(config)).family.info(config);
    const tokenizer = await readJson(files, "tokenizer_config.json", { signal });
    const { contradicts } = await textPart();
    if (contradicts(languages, tokenizer, config)) return "unavailable";
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ModelError && error.code !== "invalid_source") return "unavailable";
    throw error;
  }
  if (!files.remote) return "available";
  const large = (await survey(files, { signal })) ?? [];
  const isStored = large.some(({ weights }) => weights) && large.every(({ size, stored }) => size === stored);
  return isStored ? "available" : "downloadable";
}
