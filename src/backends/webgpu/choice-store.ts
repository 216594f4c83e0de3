/**
 * Keeps which kernels were found best, per adapter and version of the kernels, so that they are measured once and not at every
 * load: in the browser's cache storage, which pages and workers have, else in memory.
 */

import type { AdapterInfo } from "./adapter";

/** The name of the variant of each group of kernels. */
export type Kept = Readonly<Record<string, string>>;

export interface ChoiceStore {
  /** undefined where nothing is kept, or it cannot be read. */
  get(key: string): Promise<Kept | undefined>;
  set(key: string, kept: Kept): Promise<void>;
}

const CACHE = "attendant-kernels";

/** Drivers get better: what was measured is measured again after so many days. */
const DAYS = 30;

/** For the whole page, where there is no cache storage. */
const memory = new Map<string, Kept>();

/** Cache storage takes addresses, which nothing ever fetches. */
const addressOf = (key: string): string => `https://kernels.invalid/${encodeURIComponent(key)}`;

interface Entry {
  at: number;
  kept: Kept;
}

export const choiceStore: ChoiceStore = {
  async get(key) {
    try {
      const response = await (await caches.open(CACHE)).match(addressOf(key));
      const { at, kept } = (await response?.json()) as Entry;
      return Date.now() - at < DAYS * 86_400_000 ? kept : undefined;
    } catch {
      // No cache storage, as in Node and in pages without https; nothing in it; or no text of ours.
      return memory.get(key);
    }
  },
  async set(key, kept) {
    try {
      const entry: Entry = { at: Date.now(), kept };
      await (await caches.open(CACHE)).put(addressOf(key), new Response(JSON.stringify(entry)));
    } catch {
      memory.set(key, kept);
    }
  },
};

/** @param version of the kernels: another one is measured anew */
export const choiceKey = ({ vendor, architecture, device, description }: AdapterInfo, version: string): string =>
  [vendor, architecture, device, description, version].join("|");
