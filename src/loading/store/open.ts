/** Puts what a load asks for between it and a source: the store and retries for files of a server, hashes for all. */

import type { ListedFiles, ModelFiles } from "../sources/files";
import { openStoredFolder, type StoreOptions } from "./folder";
import { parseIntegrity } from "./sha256";
import { verified } from "./verified";

export interface ReadingOptions extends Omit<StoreOptions, "integrity" | "listed"> {
  /** SHA-256 by file, as `parseIntegrity` reads it. */
  integrity?: Readonly<Record<string, unknown>>;
  /** What the folder's manifest lists; may be filled after this call. */
  listed?: ListedFiles;
}

/** The caller's hash of a file, else that of the manifest. */
const hashes = (integrity: ReadonlyMap<string, string>, listed: ListedFiles) => (file: string) =>
  integrity.get(file) ?? listed.get(file)?.sha256;

/** @throws ModelError `invalid_option` for an `integrity` that is not a SHA-256 */
export async function openStored(folder: ModelFiles, options: ReadingOptions): Promise<ModelFiles> {
  const given = Object.entries(options.integrity ?? {});
  const integrity = new Map(given.map(([file, value]) => [file, parseIntegrity(file, value)]));
  const { remote } = folder;
  const listed = options.listed ?? new Map<string, never>();
  const files = remote
    ? await openStoredFolder(folder, remote, { ...options, integrity, listed })
    : verified(folder, hashes(integrity, listed), options.onVerify);
  const opened = new Set<string>();
  return {
    ...files,
    open(path, signal) {
      opened.add(path);
      return files.open(path, signal);
    },
    async ended(error) {
      const idle = [...integrity.keys()].filter((file) => !opened.has(file));
      if (error === undefined && idle.length > 0)
        options.onWarning(`load: integrity names files that were not read: ${idle.join(", ")}.`);
      return (await files.ended?.(error)) ?? false;
    },
  };
}
