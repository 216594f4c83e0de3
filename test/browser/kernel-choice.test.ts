/**
 * The device chooses its kernels: a slow variant is not taken, a wrong one is dropped with a warning that names it. And the kernels
 * for GPUs need nothing that a device may lack.
 */

import type { Page } from "puppeteer";
import { afterAll, beforeAll, expect, it } from "vitest";
import { closePage, openPage, runInPage } from "../support/node/pages";
import type { ChoiceReport, Driver, loadOnGpu } from "../support/page/kernel-choice";
import type { LimitsReport } from "../support/page/limits";

const PAGE = "/test/support/page/kernel-choice.ts";
const ROWS = "rows";

let page: Page;
beforeAll(async () => {
  page = await openPage();
});
afterAll(() => closePage(page));

const choose = (
  first: string,
  drivers: Driver[],
  options: { kernels?: object; limit?: number } = {},
  kept: Record<string, string> | null = null,
): Promise<ChoiceReport> => runInPage<ChoiceReport>(page, PAGE, "choose", first, drivers, options, kept);

it.each([
  // Both take the same kernel for one row, so that either may be the faster by chance.
  [ROWS, "matvec_rows", "matvec_group", /^(group|auto)$/],
  ["auto", "matvec_group", "matvec_rows1", /^rows$/],
])("takes another than the best guess, %s, where the device is slow at it", async (first, slow, kernel, kept) => {
  const report = await choose(first, [{ kernel: slow, does: "slow" }]);
  expect(report).toMatchObject({
    kernel,
    probed: true,
    warnings: [],
    kept: { matvec: expect.stringMatching(kept) as unknown },
  });
  expect(report.off).toBeLessThan(1e-5);
});

it.each([
  ["wrong", /^load: matvec "rows" computes a product of one row wrongly on this GPU \(a GPU by name\); "auto" takes/],
  ["refuse", /^load: matvec "rows" fails: The matvec_rows1 kernel does not compile: .*; "auto" takes its place\.$/],
] as const)("drops a kernel that is %s on this driver, and names it", async (does, message) => {
  const report = await choose(ROWS, [{ kernel: "matvec_rows", does }], { limit: 0 });
  expect(report.warnings).toEqual([expect.stringMatching(message)]);
  expect(report.kernel).toBe("matvec_group");
  expect(report.off).toBeLessThan(1e-5);
});

it("adds up by subgroups where that is faster, and right", async () => {
  const slow = { kernel: "levels", does: "slow" } as const;
  const report = await choose("levels", [slow]);
  expect(report).toMatchObject({ probed: true, warnings: [], kept: { reduction: "subgroups" } });
  expect(report.off).toBeLessThan(1e-5);

  const wrong = await choose("levels", [slow, { kernel: "subgroups", does: "wrong" }]);
  const message =
    /^load: reduction "subgroups" computes normalised rows wrongly on this GPU .*; "levels" takes its place\.$/;
  expect(wrong.warnings).toEqual([expect.stringMatching(message)]);
  expect(wrong.kept).toEqual({ reduction: "levels" });
  expect(wrong.off).toBeLessThan(1e-5);
});

it("takes a kernel that is right before a faster one that is wrong", async () => {
  const drivers = [
    { kernel: "matvec_rows", does: "slow" },
    { kernel: "_group", does: "wrong" },
  ] as const;
  const report = await choose(ROWS, [...drivers]);
  expect(report.kernel).toBe("matvec_rows1");
  expect(report.warnings).toHaveLength(1);
  expect(report.kept).toEqual({ matvec: ROWS });
});

it("refuses a device on which no variant is right", async () => {
  const { error, kept } = await choose(ROWS, [{ kernel: "matvec", does: "wrong" }], { limit: 0 });
  expect(error?.code).toBe("unsupported_device");
  expect(error?.message).toBe("No variant of matvec computes on this GPU what it should.");
  expect(kept).toBeNull();
});

it("keeps to the best guess where the time is up", async () => {
  const report = await choose(ROWS, [{ kernel: "matvec_rows", does: "slow" }], { limit: 0 });
  expect(report).toMatchObject({ kernel: "matvec_rows1", kept: { matvec: ROWS }, warnings: [] });
});

it("measures nothing that an earlier load has kept, or that the caller says", async () => {
  const kept = await choose(ROWS, [], {}, { matvec: "auto" });
  expect(kept).toMatchObject({ kernel: "matvec_group", probed: false });
  const given = await choose(ROWS, [], { kernels: { matvec: "group" } });
  expect(given).toMatchObject({ kernel: "matvec_group", probed: false, kept: null });
});

it.each([
  [{ matvecs: "group" }, /kernels has no field "matvecs"; there are matvec, /],
  [{ matvec: "grouped" }, /kernels.matvec must be "thread", "group", "rows", "auto", not "grouped"/],
  [{ matmulRows: 0.5 }, /kernels.matmulRows must be a whole number/],
])("refuses kernels that there are not: %j", async (kernels, message) => {
  const { error } = await choose(ROWS, [], { kernels });
  expect(error?.code).toBe("invalid_option");
  expect(error?.message).toMatch(message);
});

it("keeps what was found in the browser, for 30 days", async () => {
  const found = await runInPage<unknown[]>(page, PAGE, "keptInBrowser");
  expect(found).toEqual([{ matvec: "rows" }, null, null]);
});

it("loads a model on a GPU that has chosen", async () => {
  const { devices, sequences, warnings } = await runInPage<Awaited<ReturnType<typeof loadOnGpu>>>(
    page,
    PAGE,
    "loadOnGpu",
  );
  expect(devices).toEqual(["cpu", "webgpu"]);
  expect(sequences[1]).toEqual(sequences[0]);
  expect(warnings).toEqual([]);
});

it("runs the kernels for GPUs on a device with no more than WebGPU's default limits", async () => {
  const { asked, limits, sequences } = await runInPage<LimitsReport>(
    page,
    "/test/support/page/limits.ts",
    "withDefaultLimits",
  );
  expect(asked).toEqual([]);
  expect(limits).toEqual({
    maxStorageBuffersPerShaderStage: 8,
    maxComputeWorkgroupStorageSize: 16_384,
    maxStorageBufferBindingSize: 128 * 2 ** 20,
    maxComputeInvocationsPerWorkgroup: 256,
  });
  for (const [ours, expected] of Object.values(sequences)) expect(ours).toEqual(expected);
  expect(Object.keys(sequences)).toEqual(["greedy", "4 beams"]);
});
