/**
 * attendant.json: which files a model's folder has, how large they are, and their hashes. `attendant pack` writes it. A folder
 * that has one is asked only for files that it lists, and each of them is compared with its hash.
 */

import { ModelError, quote } from "../../errors";
import { readJson } from "./download";
import type { ListedFile, Manifest, ModelFiles } from "./files";
import { isFields } from "../../util/fields";

/** The name of the manifest in a model's folder. */
export const MANIFEST = "attendant.json";
const FORMAT = 1;

/**
 * Reads `{ "format": 1, "dtype": "q8", "files": { NAME: { "size": n, "sha256": "hex" } } }`.
 * @throws ModelError `invalid_config`
 */
export function parseManifest(value: unknown): Manifest {
  const invalid = (rule: string, hint?: string) => new ModelError("invalid_config", `${MANIFEST}: ${rule}.`, hint);
  if (!isFields(value)) throw invalid("is not a JSON object");
  const { format, dtype, files } = value;
  if (format !== FORMAT)
    throw invalid(`format must be ${FORMAT}, not ${quote(format)}`, "A newer version of attendant may read it.");
  if (dtype !== undefined && typeof dtype !== "string") throw invalid(`dtype must be a string, not ${quote(dtype)}`);
  if (!isFields(files)) throw invalid("files is not an object");
  const listed = new Map<string, ListedFile>();
  for (const [name, entry] of Object.entries(files)) {
    const { size, sha256 } = isFields(entry) ? entry : {};
    if (!Number.isSafeInteger(size) || (size as number) < 0)
      throw invalid(`the size of ${quote(name)} must be a number of bytes, not ${quote(size)}`);
    if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/i.test(sha256))
      throw invalid(`the sha256 of ${quote(name)} must be 64 digits of hex, not ${quote(sha256)}`);
    listed.set(name, { size: size as number, sha256: sha256.toLowerCase() });
  }
  return { dtype, files: listed };
}

/** What `parseManifest` reads. */
export const writeManifest = ({ dtype, files }: Manifest): string =>
  `${JSON.stringify({ format: FORMAT, dtype, files: Object.fromEntries(files) }, null, 2)}\n`;

/**
 * The folder as its manifest says, which is read before the first file; without one, the folder as it is.
 * @param found called with a manifest that was read; may return the folder that compares files with it
 */
export function withManifest(
  folder: ModelFiles,
  found: (manifest: Manifest) => Promise<ModelFiles | void>,
): ModelFiles & Required<Pick<ModelFiles, "manifest">> {
  let files = folder;
  let reading: Promise<Manifest | undefined> | undefined;
  const read = async (signal?: AbortSignal): Promise<Manifest | undefined> => {
    const value = await readJson(folder, MANIFEST, { signal });
    if (value === undefined) return undefined;
    const manifest = parseManifest(value);
    files = (await found(manifest)) ?? folder;
    return manifest;
  };
  const manifest = (signal?: AbortSignal): Promise<Manifest | undefined> => {
    reading ??= read(signal).catch((error: unknown) => {
      reading = undefined;
      throw error;
    });
    return reading;
  };
  const isAbsent = async (path: string, signal?: AbortSignal): Promise<boolean> => {
    const listed = await manifest(signal);
    return listed !== undefined && !listed.files.has(path);
  };
  return {
    ...folder,
    manifest,
    open: async (path, signal) => ((await isAbsent(path, signal)) ? undefined : files.open(path, signal)),
    facts:
      folder.facts &&
      (async (path, signal) => ((await isAbsent(path, signal)) ? undefined : files.facts?.(path, signal))),
    async ended(error) {
      // The next try reads what the server has by then.
      if (error !== undefined) reading = undefined;
      return (await files.ended?.(error)) ?? false;
    },
  };
}
