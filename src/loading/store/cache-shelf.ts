/**
 * A shelf in the Cache API, for browsers whose pages cannot write to OPFS. An entry cannot grow, so a piece is put there when
 * it is closed, together with what it held before.
 */

import { messageOf } from "../../errors";
import { isIn, namesIn, type Shelf } from "./shelf";

const CACHE = "attendant-models";
/** Entries need an address. Nothing is ever fetched from this one: names under `.invalid` belong to nobody. */
const BASE = "https://attendant.invalid/";

/** @throws Error whose message says why there is no shelf */
export async function openCacheShelf(): Promise<Shelf> {
  if (typeof caches === "undefined") throw new Error("There is no Cache API here.");
  let cache: Cache;
  try {
    cache = await caches.open(CACHE);
  } catch (cause) {
    const reason = messageOf(cause);
    throw new Error(`The browser refuses the Cache API: ${reason}`, { cause });
  }
  const read = async (path: string): Promise<Blob | undefined> => (await cache.match(BASE + path))?.blob();
  const paths = async (): Promise<string[]> => (await cache.keys()).map(({ url }) => url.slice(BASE.length));

  return {
    place: "cache",
    list: async (folder) => namesIn(folder, await paths()),
    read,
    write: (path, bytes) => cache.put(BASE + path, new Response(bytes)),
    async append(path, at) {
      const before = at > 0 ? await read(path) : undefined;
      const parts: BlobPart[] = before ? [before.slice(0, at)] : [];
      return {
        // The caller may use the bytes again.
        write: (bytes) => void parts.push(bytes.slice()),
        close: () => cache.put(BASE + path, new Response(new Blob(parts))),
      };
    },
    async remove(path) {
      for (const name of await paths()) if (isIn(path, name)) await cache.delete(BASE + name);
    },
  };
}
