/**
 * Beam search and the logits processors, on the GPU, against Hugging Face: test/goldens/beams.json, device_processors.json
 * and whisper_rules.json.
 */

import type { Page } from "puppeteer";
import { afterAll, beforeAll, expect, it } from "vitest";
import { closePage, openPage, runInPage } from "../support/node/pages";

let page: Page;
beforeAll(async () => {
  page = await openPage();
});
afterAll(() => closePage(page));

it("finds what Hugging Face finds, by the same way", async () => {
  const results = await runInPage<{ name: string; faults: string[] }[]>(
    page,
    "/test/support/page/beam-table.ts",
    "searchTablesOnGpu",
  );
  expect(results.length).toBeGreaterThanOrEqual(36);
  expect(results.filter(({ faults }) => faults.length > 0)).toEqual([]);
});

it("processes logits as Hugging Face does", async () => {
  const results = await runInPage<{ name: string; faults: string[] }[]>(
    page,
    "/test/support/shared/processors-table.ts",
    "ruleFaultsOnGpu",
  );
  expect(results.length).toBeGreaterThanOrEqual(300);
  expect(results.filter(({ faults }) => faults.length > 0)).toEqual([]);
});

it("keeps Whisper's rules as transformers does", async () => {
  expect(await runInPage<string[]>(page, "/test/support/shared/whisper-rules.ts", "whisperRuleFaultsOnGpu")).toEqual(
    [],
  );
});
