/** Transfers that break, stall, change or are damaged. */

import { expect } from "vitest";
import { ignoringRange, resetAt, resetAtByte, stallAt, trickle } from "../../support/node/server-faults";
import type { Fault } from "./fault";
import { change, first, hashOf, onceInAll, sizeOf, WEIGHTS, weights } from "./rows";

export const transfers: readonly Fault[] = [
  ...[0, 0.01, 0.3, 0.5, 0.99].map((part): Fault => ({
    name: `the connection is reset at ${part * 100}%`,
    outcome: "works",
    arrange: first(resetAt(part)),
    ...onceInAll,
  })),
  ...[0.3, 0.6, 0.9].map((part): Fault => ({
    name: `the load fails at ${part * 100}%, and the next one fetches the rest`,
    outcome: "network",
    says: /the transfer failed after/,
    options: { retries: 0 },
    arrange: (stage) => stage.server.always(WEIGHTS, resetAtByte(Math.floor(part * sizeOf(stage)))),
    holds: (stage) => expect(stage.sent()).toBe(Math.floor(part * sizeOf(stage))),
    after: (stage) => expect(stage.sent()).toBe(sizeOf(stage) - Math.floor(part * sizeOf(stage))),
  })),
  {
    name: "the load fails at 60% in a page without a worker, and the next one fetches the rest",
    outcome: "network",
    where: "page",
    options: { retries: 0 },
    // A page writes through the browser's own process, which on a busy machine takes its time.
    arrange: weights(resetAt(0.6, 2000)),
    after: (stage) => expect(stage.sent()).toBe(sizeOf(stage) - Math.floor(0.6 * sizeOf(stage))),
  },
  {
    name: "reset three times",
    outcome: "works",
    arrange: first(resetAt(0.2), resetAt(0.2), resetAt(0.2)),
    ...onceInAll,
  },
  {
    name: "reset for ever",
    outcome: "network",
    says: /failed after|could not be fetched/,
    options: { retries: 2 },
    arrange: weights(resetAt(0)),
  },
  {
    name: "a server without ranges",
    outcome: "works",
    arrange: (stage) => first(resetAt(0.5), ignoringRange(stage.server.files, WEIGHTS))(stage),
  },
  {
    name: "a server without ranges, ETag or date",
    outcome: "works",
    arrange: (stage) => {
      stage.server.plain = true;
      first(resetAt(0.5))(stage);
    },
  },
  {
    name: "a stall",
    outcome: "works",
    options: { stallTimeout: 1500 },
    arrange: first(stallAt(0.4)),
    ...onceInAll,
  },
  {
    name: "a stall before the headers",
    outcome: "works",
    options: { stallTimeout: 1500 },
    arrange: first(() => undefined),
    ...onceInAll,
  },
  {
    name: "a stall for ever",
    outcome: "network",
    says: /no byte came for 0\.5 seconds/,
    options: { stallTimeout: 500, retries: 0 },
    nextOptions: { stallTimeout: 30_000 },
    arrange: weights(stallAt(0.4)),
  },
  {
    name: "a slow trickle that never stalls",
    outcome: "works",
    options: { stallTimeout: 1500 },
    arrange: weights(trickle(20, 100)),
    holds: (_, { ms }) => expect(ms).toBeGreaterThan(1500),
  },
  {
    name: "the file changes in the middle of a load",
    outcome: "works",
    arrange: ({ server }) =>
      server.fault(WEIGHTS, async (reply) => {
        change({ server });
        await resetAt(0.5)(reply);
      }),
    after: (stage) => expect(stage.sent()).toBe(0),
  },
  {
    name: "the file changes between a broken load and the next",
    outcome: "works",
    act: async (stage) => {
      stage.server.always(WEIGHTS, resetAt(0.5));
      expect((await stage.load({ retries: 0 })).code).toBe("network");
      stage.server.calm();
      change(stage);
      return stage.load();
    },
    after: (stage) => expect(stage.sent()).toBe(0),
  },
  {
    name: "the wrong hash",
    outcome: "integrity",
    says: /model\.safetensors: its SHA-256 is [0-9a-f]{64}, not the expected 0{64}/,
    options: { integrity: { [WEIGHTS]: "0".repeat(64) } },
    nextOptions: { integrity: undefined },
    // It was deleted.
    after: (stage) => expect(stage.sent()).toBe(sizeOf(stage)),
  },
  {
    name: "damaged on the way, once",
    outcome: "integrity",
    act: async (stage) => {
      stage.server.fault(WEIGHTS, async (reply) => {
        reply.body = reply.body.slice();
        reply.body[reply.body.length - 1] ^= 1;
        await reply.send();
        reply.response.end();
      });
      return stage.load({ integrity: { [WEIGHTS]: hashOf(stage) } });
    },
    after: (stage) => expect(stage.sent()).toBe(sizeOf(stage)),
  },
];
