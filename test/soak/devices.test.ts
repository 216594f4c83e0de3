/** `npm run test:soak`: all rows of the table of device faults. */

import type { Page } from "puppeteer";
import { afterAll, beforeAll, expect, it } from "vitest";
import { deviceFaults } from "../browser/faults/devices";
import { testDeviceFaults } from "../support/node/device-faults";
import { closePage, openPage, runInPage } from "../support/node/pages";
import type { Comparison } from "../support/page/prefill";

testDeviceFaults(deviceFaults);

let page: Page;
beforeAll(async () => {
  page = await openPage();
});
afterAll(() => closePage(page));

it("compares bits that one pass over all tokens would change", async () => {
  const found = await runInPage<Comparison>(page, "/test/support/page/prefill.ts", "comparePrefill", "/models/en-fr/");
  console.log(`log-probabilities of one pass: ${found.differ} of ${found.count} differ, by up to ${found.largest}`);
  expect(found.differ).toBeGreaterThan(0);
});
