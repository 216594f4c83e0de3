/**
 * `npm run bench`: the default model in a browser, a line a sentence. Counters are exact on every machine; times are
 * those of the adapter that is named, and say nothing about a GPU where it is a software one.
 */

import { expect, it } from "vitest";
import { closePage, openPage, runInPage } from "../test/support/node/pages";
import type { Report } from "./generate";

const TEXTS = [
  "Hello!",
  "How are you?",
  "I don't know where Tom put the keys to my car.",
  "She gave me a red book, but I lost it.",
];

it.each(["webgpu", "cpu"])("the default model on %s", async (device) => {
  const page = await openPage();
  const report = await runInPage<Report>(page, "/bench/generate.ts", "measure", "/models/en-fr", device, TEXTS, 5);
  await closePage(page);
  const { adapter, memory } = report;
  const name = adapter
    ? `${adapter.vendor} ${adapter.architecture}${adapter.fallback ? " (software)" : ""}`
    : "CPU backend";
  const megabytes = Object.entries(memory).map(([purpose, bytes]) => `${purpose} ${(bytes / 1e6).toFixed(1)} MB`);
  console.log(`${name}: loaded in ${report.loadMs.toFixed(0)} ms; ${megabytes.join(", ")}`);
  console.table(
    report.runs.map(({ text, stats }) => ({
      text: text.slice(0, 28),
      tokens: stats.tokens,
      "encode ms": stats.encode_ms.toFixed(0),
      "first token ms": (1000 * stats.time_to_first_token_s).toFixed(0),
      "tokens/s": stats.decode_tokens_per_s.toFixed(0),
      dispatches: stats.dispatches,
      submits: stats.submits,
      "bytes read": stats.bytes,
      "objects made": stats.buffers_created + stats.bind_groups_created,
    })),
  );
  expect(report.runs).toHaveLength(TEXTS.length);
});
