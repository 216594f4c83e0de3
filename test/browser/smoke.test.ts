/** The ground under every other browser test: the page has WebGPU, it computes, and mistakes in it reach the test. */

import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AdapterReport } from "../support/page/adapter";
import { wantsRealGpu } from "../support/node/browser";
import { closePage, openPage, runInPage, takeProblems } from "../support/node/pages";

const ADAPTER = "/test/support/page/adapter.ts";

describe("the browser of the tests", () => {
  let page: Page;
  beforeAll(async () => {
    page = await openPage();
  });
  afterAll(() => closePage(page));

  it("has a WebGPU adapter of the kind that was asked for", async () => {
    const adapter = await runInPage<AdapterReport | null>(page, ADAPTER, "describeAdapter");
    const version = await page.browser().version();
    expect(adapter, `${version} has no WebGPU; try ATTENDANT_BROWSER=bundled`).not.toBeNull();
    console.log(`${version}: ${adapter?.vendor} ${adapter?.architecture} ${adapter?.description}`.trim());
    expect(adapter?.architecture === "swiftshader").toBe(!wantsRealGpu());
  });

  it("runs a compute shader", async () => {
    const result = await runInPage<Float32Array>(page, ADAPTER, "squares", 8);
    expect(result).toEqual(Float32Array.of(0.5, 1.5, 4.5, 9.5, 16.5, 25.5, 36.5, 49.5));
  });

  it("reports what goes wrong in the page", async () => {
    await expect(runInPage(page, ADAPTER, "noSuchExport")).rejects.toThrow('exports no function "noSuchExport"');
    await expect(runInPage(page, ADAPTER, "makeValidationError")).rejects.toThrow(/MapRead/);
    await page.evaluate("console.error('on purpose')");
    expect(takeProblems(page)).toEqual(["console: on purpose"]);
  });
});
