/** Beam search on the GPU against Hugging Face's own `generate`, over test/goldens/beams.json. */

import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { closePage, openPage, runInPage } from "../support/page";

let page: Page;
beforeAll(async () => {
  page = await openPage();
});
afterAll(() => closePage(page));

it("finds what Hugging Face finds, by the same way", async () => {
  const results = await runInPage<{ name: string; faults: string[] }[]>(
    page,
    "/test/support/beam-table.ts",
    "searchTablesOnGpu",
  );
  expect(results.length).toBeGreaterThanOrEqual(36);
  expect(results.filter(({ faults }) => faults.length > 0)).toEqual([]);
});
