/**
 * A shelf that lasts as long as the page or process: a download that broke goes on from where it was, and small files are not
 * fetched twice. It takes no more than its budget, as a disk that is full takes no more.
 */

import { isIn, namesIn, type Shelf } from "./shelf";

/** Bytes of all pieces together. The models that need more are the ones that must not be in memory twice. */
const BUDGET = 64 * 2 ** 20;

export function createMemoryShelf(budget = BUDGET): Shelf {
  const pieces = new Map<string, Uint8Array[]>();
  let used = 0;
  const lengthOf = (parts: Uint8Array[] = []): number => parts.reduce((sum, { length }) => sum + length, 0);
  const add = (parts: Uint8Array[], bytes: Uint8Array): void => {
    if (used + bytes.length > budget) {
      throw new DOMException(`Models take no more than ${budget} bytes of memory.`, "QuotaExceededError");
    }
    used += bytes.length;
    // The caller may use the bytes again.
    parts.push(bytes.slice());
  };
  const drop = (path: string): void => {
    used -= lengthOf(pieces.get(path));
    pieces.delete(path);
  };
  const blobOf = (parts: Uint8Array[]): Blob => new Blob(parts as BlobPart[]);

  return {
    place: "memory",
    list: async (folder) => namesIn(folder, [...pieces.keys()]),
    async read(path) {
      const parts = pieces.get(path);
      return parts && blobOf(parts);
    },
    async write(path, bytes) {
      drop(path);
      const parts: Uint8Array[] = [];
      add(parts, bytes);
      pieces.set(path, parts);
    },
    async append(path, at) {
      const before = pieces.get(path);
      const kept = at > 0 && before ? await blobOf(before).slice(0, at).arrayBuffer() : undefined;
      drop(path);
      const parts: Uint8Array[] = [];
      pieces.set(path, parts);
      if (kept) add(parts, new Uint8Array(kept));
      return { write: (bytes) => add(parts, bytes), close: async () => undefined };
    },
    async remove(path) {
      for (const name of [...pieces.keys()]) if (isIn(path, name)) drop(name);
    },
  };
}
