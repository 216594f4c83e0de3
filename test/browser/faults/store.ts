/** Storage that is full, locked, missing, emptied or damaged, and second visits. */

import { expect } from "vitest";
import { resetAt, stallAt } from "../../support/node/server-faults";
import type { Fault } from "./fault";
import { afterStored, ATTEMPT, change, hashOf, onceInAll, sizeOf, STORAGE, WEIGHTS, weights } from "./rows";

export const store: readonly Fault[] = [
  {
    name: "a second visit",
    outcome: "works",
    act: afterStored(() => undefined),
    holds: (stage) => expect(stage.sent()).toBe(0),
  },
  {
    name: "a second visit in a page without a worker",
    outcome: "works",
    where: "page",
    act: afterStored(() => undefined),
    holds: (stage) => expect(stage.sent()).toBe(0),
  },
  {
    name: "a second visit without a network",
    outcome: "works",
    act: afterStored(({ server }) => (server.offline = true)),
    holds: (stage) => expect(stage.sent()).toBe(0),
  },
  {
    name: "what a load has stored is listed, not fetched again, and deleted, by the page",
    outcome: "works",
    where: "engine",
    act: async (stage) => {
      const size = sizeOf(stage);
      const attempt = await stage.load();
      const known = await stage.run<{ size: number }>(ATTEMPT, "stored");
      const model = { name: stage.server.url, complete: true, place: "opfs", weights: size };
      expect(known).toEqual({ found: [model], size: known.size });
      expect(known.size).toBeGreaterThan(size);
      expect(await stage.run(ATTEMPT, "bytesToFetch", stage.server.url)).toBe(0);
      expect(stage.sent()).toBe(size);
      expect(await stage.run(ATTEMPT, "deleteStored", stage.server.url)).toBe(true);
      expect(await stage.run(ATTEMPT, "deleteStored", stage.server.url)).toBe(false);
      expect(await stage.run(ATTEMPT, "stored")).toEqual({ found: [], size: 0 });
      stage.sent();
      return attempt;
    },
    after: (stage) => expect(stage.sent()).toBe(sizeOf(stage)),
  },
  {
    name: "a model that is being loaded cannot be deleted",
    outcome: "works",
    where: "engine",
    act: async (stage) => {
      stage.server.fault(WEIGHTS, stallAt(0.5));
      const loading = stage.load({ stallTimeout: 3000 });
      await stage.untilSent(Math.floor(0.5 * sizeOf(stage)));
      expect(await stage.run(ATTEMPT, "deleteStored", stage.server.url)).toBe("storage");
      return loading;
    },
    ...onceInAll,
  },
  {
    name: "a second visit with cache: false",
    outcome: "works",
    act: async (stage) => {
      await stage.load();
      stage.sent();
      return stage.load({ cache: false });
    },
    holds: (stage) => expect(stage.sent()).toBe(sizeOf(stage)),
    after: (stage) => expect(stage.sent()).toBe(0),
  },
  {
    name: "the model on the server has changed since the first visit",
    outcome: "works",
    act: afterStored(change),
    holds: (stage) => expect(stage.sent()).toBe(sizeOf(stage)),
    after: (stage) => expect(stage.sent()).toBe(0),
  },
  {
    name: "the storage is full from the start",
    outcome: "works",
    options: { storage: "quotaAtOnce" },
    warns: /not kept for the next load: the storage that the browser grants to this page is full/,
  },
  {
    name: "the storage is full in the middle",
    outcome: "works",
    options: { storage: "quotaInTheMiddle" },
    warns: /model\.safetensors is not kept for the next load: the storage .* is full/,
    holds: (stage) => expect(stage.sent()).toBe(sizeOf(stage)),
  },
  {
    name: "the storage is full in the middle, in a page without a worker",
    outcome: "works",
    where: "page",
    options: { storage: "quotaInTheMiddle" },
    warns: /model\.safetensors is not kept for the next load: the storage .* is full/,
  },
  {
    name: "the storage has no room for a journal",
    outcome: "works",
    options: { storage: "quotaForTheJournal" },
    warns: /is full/,
  },
  {
    name: "the files of the store are locked",
    outcome: "works",
    options: { storage: "locked" },
    warns: /not kept for the next load: another tab or worker has it open/,
  },
  {
    name: "the disk fails",
    outcome: "works",
    options: { storage: "brokenDisk" },
    warns: /the browser's storage failed \(InvalidStateError: the test refuses\)/,
  },
  {
    name: "no OPFS: the Cache API keeps the model",
    outcome: "works",
    options: { storage: "noOpfs" },
    nextOptions: { storage: "noOpfs" },
    after: (stage) => expect(stage.sent()).toBe(0),
  },
  {
    name: "no OPFS: a broken load goes on from the Cache API",
    outcome: "network",
    options: { storage: "noOpfs", retries: 0 },
    nextOptions: { storage: "noOpfs" },
    arrange: weights(resetAt(0.6)),
    after: (stage) => expect(stage.sent()).toBe(sizeOf(stage) - Math.floor(0.6 * sizeOf(stage))),
  },
  {
    name: "no storage at all: memory, and it is said",
    outcome: "works",
    options: { storage: "noStorage" },
    warns:
      /kept in memory only, as long as this worker lives\. The browser refuses the file system .* There is no Cache API/,
  },
  { name: "no Web Locks", outcome: "works", options: { storage: "noLocks" } },
  { name: "Web Locks refused", outcome: "works", options: { storage: "locksRefused" } },
  {
    name: "the browser has emptied the store",
    outcome: "works",
    act: afterStored((stage) => stage.run(STORAGE, "emptyStore")),
    holds: (stage) => expect(stage.sent()).toBe(sizeOf(stage)),
    after: (stage) => expect(stage.sent()).toBe(0),
  },
  {
    name: "the store is emptied while it is read",
    outcome: "works",
    options: { storage: "emptiedWhileRead" },
    act: afterStored(() => undefined),
    // The first 5,000 bytes had been read.
    holds: (stage) => expect(stage.sent()).toBe(sizeOf(stage) - 5000),
  },
  {
    name: "a journal that is not JSON",
    outcome: "works",
    act: afterStored(async (stage) =>
      expect(await stage.run(STORAGE, "damage", "/journal.json", "{")).toBeGreaterThan(0),
    ),
    holds: (stage) => expect(stage.sent()).toBe(sizeOf(stage)),
    after: (stage) => expect(stage.sent()).toBe(0),
  },
  {
    name: "a journal of another kind",
    outcome: "works",
    act: afterStored((stage) => stage.run(STORAGE, "damage", "/journal.json", '{"version":9,"complete":true}')),
    holds: (stage) => expect(stage.sent()).toBe(sizeOf(stage)),
  },
  {
    name: "a journal is gone",
    outcome: "works",
    act: afterStored((stage) => stage.run(STORAGE, "damage", "/journal.json")),
    holds: (stage) => expect(stage.sent()).toBe(sizeOf(stage)),
  },
  {
    name: "the bytes of a journal are gone",
    outcome: "works",
    act: afterStored((stage) => stage.run(STORAGE, "damage", `${WEIGHTS}/0`)),
    holds: (stage) => expect(stage.sent()).toBe(sizeOf(stage)),
  },
  {
    name: "half of the bytes of a journal are gone",
    outcome: "works",
    act: afterStored(async (stage) => expect(await stage.run(STORAGE, "damagePieces", "cut")).toBe(1)),
    holds: (stage) => expect(stage.sent()).toBe(sizeOf(stage) - Math.floor(sizeOf(stage) / 2)),
    after: (stage) => expect(stage.sent()).toBe(0),
  },
  {
    name: "a stored byte has changed, and the hash is asked for",
    outcome: "works",
    act: async (stage) => {
      await stage.load();
      expect(await stage.run(STORAGE, "damagePieces", "flip")).toBe(1);
      stage.sent();
      return stage.load({ integrity: { [WEIGHTS]: hashOf(stage) } });
    },
    holds: (stage) => expect(stage.sent()).toBe(sizeOf(stage)),
  },
  {
    name: "the stored header is damaged",
    outcome: "works",
    act: afterStored((stage) => stage.run(STORAGE, "damage", `${WEIGHTS}/0`, "x".repeat(sizeOf(stage)))),
    holds: (stage) => expect(stage.sent()).toBe(sizeOf(stage)),
  },
];
