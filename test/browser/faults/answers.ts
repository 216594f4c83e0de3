/** What a server may answer instead of the weights. */

import { expect } from "vitest";
import { serveFaults } from "../../support/node/fault-server";
import {
  gzipped,
  html,
  longer,
  redirect,
  resetAt,
  status,
  unannounced,
  withHeaders,
} from "../../support/node/server-faults";
import type { Fault } from "./fault";
import { first, sizeOf, WEIGHTS, weights } from "./rows";

export const answers: readonly Fault[] = [
  {
    name: "404 for the weights",
    outcome: "file_not_found",
    says: /there are no weights; looked for model\.safetensors/,
    arrange: weights(status(404)),
  },
  {
    name: "404 for config.json",
    outcome: "file_not_found",
    says: /there is no config\.json/,
    arrange: ({ server }) => server.always("config.json", status(404)),
  },
  { name: "401", outcome: "network", says: /answered 401/, arrange: weights(status(401)) },
  { name: "403", outcome: "network", says: /answered 403/, arrange: weights(status(403)) },
  {
    name: "416 to a range",
    outcome: "works",
    arrange: first(resetAt(0.5), status(416)),
    holds: (stage) => expect(stage.sent()).toBeGreaterThan(sizeOf(stage)),
  },
  {
    name: "429 with a Retry-After of a second",
    outcome: "works",
    arrange: first(status(429, { "retry-after": "1" })),
    holds: (_, { ms }) => expect(ms).toBeGreaterThan(990),
  },
  {
    name: "429 with a Retry-After of an hour",
    outcome: "network",
    says: /answered 429/,
    arrange: weights(status(429, { "retry-after": "3600" })),
    holds: (_, { hint, ms }) => {
      expect(hint).toBe("The server asks to wait 3600 seconds.");
      expect(ms).toBeLessThan(20_000);
    },
  },
  { name: "500, then the file", outcome: "works", arrange: first(status(500)) },
  {
    name: "500 for ever",
    outcome: "network",
    says: /answered 500/,
    options: { retries: 1 },
    arrange: weights(status(500)),
  },
  {
    name: "a web page instead of the weights",
    outcome: "file_not_found",
    says: /there are no weights/,
    arrange: weights(html()),
  },
  {
    name: "a web page instead of the weights that claims to be binary",
    outcome: "invalid_weights",
    says: /header length/,
    arrange: weights(html("application/octet-stream")),
  },
  { name: "gzip", outcome: "works", arrange: weights(gzipped) },
  { name: "gzip that breaks off", outcome: "works", arrange: first(resetAt(0.5), gzipped) },
  {
    name: "truncated, without a length",
    outcome: "invalid_weights",
    says: /truncated/,
    arrange: weights(unannounced(0.5)),
  },
  { name: "whole, without a length", outcome: "works", arrange: weights(unannounced()) },
  {
    name: "longer than the model",
    outcome: "invalid_weights",
    says: /bytes follow/,
    arrange: weights(longer(5)),
  },
  {
    name: "announced as shorter than it is",
    outcome: "invalid_weights",
    says: /truncated/,
    arrange: weights(withHeaders((headers) => (headers["content-length"] = Number(headers["content-length"]) - 100))),
  },
  {
    name: "a redirect to another origin, which breaks off",
    outcome: "works",
    act: async (stage) => {
      const other = await serveFaults({ blob: stage.server.files.get(WEIGHTS) as Uint8Array });
      other.fault("blob", resetAt(0.5));
      stage.server.always(
        WEIGHTS,
        redirect(() => `${other.url}blob`),
      );
      const attempt = await stage.load();
      const bytes = other.take().reduce((sum, { sent }) => sum + sent, 0);
      await other.close();
      expect(bytes).toBe(sizeOf(stage));
      return attempt;
    },
  },
  {
    name: "a signed address that expires in the middle",
    outcome: "works",
    act: async (stage) => {
      const data = stage.server.files.get(WEIGHTS) as Uint8Array;
      const other = await serveFaults({ signed0: data, signed1: data });
      other.fault("signed0", resetAt(0.5));
      let signatures = 0;
      stage.server.always(
        WEIGHTS,
        redirect(({ request }) => {
          if (request.method === "GET" && signatures++ > 0) other.always("signed0", status(403));
          return `${other.url}signed${Math.min(1, Math.max(0, signatures - 1))}`;
        }),
      );
      const attempt = await stage.load();
      await other.close();
      return attempt;
    },
  },
  {
    name: "no CORS headers",
    outcome: "network",
    says: /could not be fetched/,
    options: { retries: 0 },
    arrange: weights(withHeaders((headers) => delete headers["access-control-allow-origin"])),
    holds: (_, { hint }) => expect(hint).toContain("CORS"),
  },
  {
    name: "no header that a page may read",
    outcome: "works",
    arrange: weights(withHeaders((headers) => delete headers["access-control-expose-headers"])),
  },
  {
    name: "offline, with nothing stored",
    outcome: "network",
    says: /could not be fetched/,
    options: { retries: 0 },
    arrange: ({ server }) => void (server.offline = true),
  },
];
