/** The best shelf that is here: the origin private file system (OPFS), else the Cache API, else memory. */

import { messageOf } from "../../errors";
import { openCacheShelf } from "./cache-shelf";
import { createMemoryShelf } from "./memory-shelf";
import { openOpfsShelf, opfsRoot } from "./opfs-shelf";
import type { Shelf } from "./shelf";

/** In memory only as long as this page or process lives: one for all loads. */
const memory = createMemoryShelf();

export interface Choice {
  shelf: Shelf;
  /** Why nothing is kept beyond this page, in a sentence; undefined where the shelf is a lasting one. */
  reason?: string;
}

/** Takes the best shelf that can be written to from here. */
export async function chooseShelf(): Promise<Choice> {
  const problems: string[] = [];
  for (const open of [openOpfsShelf, openCacheShelf]) {
    try {
      return { shelf: await open() };
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  return { shelf: memory, reason: problems.join(" ") };
}

/** All shelves that may hold something: a page and its workers may have written to different ones. */
export async function allShelves(): Promise<Shelf[]> {
  const shelves: Shelf[] = [memory];
  const root = await opfsRoot().catch(() => undefined);
  if (root) shelves.push(await openOpfsShelf({ readOnly: true }));
  await openCacheShelf().then(
    (shelf) => shelves.push(shelf),
    () => undefined,
  );
  return shelves;
}

/** Where downloaded models are kept. */
export interface StorageSupport {
  /** "opfs", "cache" (the Cache API), or "memory", which ends with the page. */
  place: "opfs" | "cache" | "memory";
  /** Why it is only memory, in a sentence. */
  reason?: string;
  /** Bytes that the browser grants to this origin; absent where it does not say. */
  quota?: number;
  /** Bytes that this origin takes, of everything; absent where the browser does not say. */
  usage?: number;
  /** Whether the browser has promised not to delete it when it needs room: see `models.persist`. */
  persisted: boolean;
}

export async function describeStorage(): Promise<StorageSupport> {
  const { shelf, reason } = await chooseShelf();
  const storage: StorageManager | undefined = (globalThis.navigator as Navigator | undefined)?.storage;
  const estimate = async (): Promise<StorageEstimate> => (await storage?.estimate?.()) ?? {};
  const { quota, usage } = await estimate().catch((): StorageEstimate => ({}));
  const persisted = (await storage?.persisted?.().catch(() => false)) ?? false;
  return { place: shelf.place, ...(reason !== undefined && { reason }), quota, usage, persisted };
}
