/** Puts what a load asks for between it and a source: the store and retries for files of a server, hashes for all. */

import type { ModelFiles } from "../sources/files";
import { openStoredFolder, type StoreOptions } from "./folder";
import { parseIntegrity } from "./sha256";
import { verified } from "./verified";

export interface ReadingOptions extends Omit<StoreOptions, "integrity"> {
  /** SHA-256 by file, as `parseIntegrity` reads it. */
  integrity?: Readonly<Record<string, unknown>>;
}

/** @throws ModelError `invalid_option` for an `integrity` that is none */
export async function openStored(folder: ModelFiles, options: ReadingOptions): Promise<ModelFiles> {
  const given = Object.entries(options.integrity ?? {});
  const integrity = new Map(given.map(([file, value]) => [file, parseIntegrity(file, value)]));
  const { remote } = folder;
  const files = remote
    ? await openStoredFolder(folder, remote, { ...options, integrity })
    : verified(folder, integrity, options.onVerify);
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
