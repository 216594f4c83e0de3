/** Runs rows of the table of device faults: what each says must hold, then that the next call works and that nothing is left. */

import type { Page } from "puppeteer";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { DeviceFault } from "../../browser/faults/device-fault";
import type { FaultReport } from "../page/device-faults";
import { closePage, openPage, takeProblems } from "./pages";

const MODULE = "/test/support/page/device-faults.ts";

export function testDeviceFaults(faults: readonly DeviceFault[]): void {
  let page: Page;
  beforeAll(async () => {
    page = await openPage();
  });
  afterAll(() => closePage(page));

  it.each(faults.map((fault) => [fault.name, fault] as const))("%s", async (_name, fault) => {
    const {
      name: _,
      soak: _soak,
      outcome,
      says,
      hint,
      warns,
      devices = 1,
      ends = "webgpu",
      next = "same",
      ...given
    } = fault;
    // Not `runInPage`: the browser warns about each device that is destroyed.
    const call = JSON.stringify(given);
    const report = (await page.evaluate(
      `import("${MODULE}").then((module) => module.runFault(${call}))`,
    )) as FaultReport;
    takeProblems(page);
    const { message } = report;
    expect({ outcome: report.outcome, message }).toEqual({ outcome, message });
    if (says) expect(message).toMatch(says);
    if (hint) expect(report.hint).toMatch(hint);
    if (warns) expect(report.warnings).toEqual([expect.stringMatching(warns)]);
    else expect(report.warnings).toEqual([]);
    expect(report).toMatchObject({ again: next, devices, open: 0, leaked: 0, bytes: 0 });
    if (report.device) expect(report.device).toBe(ends);
  });

  it("has no two rows of one name", () => {
    const names = faults.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
    expect(names.length).toBeGreaterThan(0);
    console.log(`device faults: ${names.length}`);
  });
}
