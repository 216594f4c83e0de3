/**
 * `npx vitest run --project bench bench/wasm.ts`: each kernel of wasm/ in a browser, in both modules, beside a plain read of
 * memory. The lines of one run were measured in turn, so their ratios mean something on a busy machine; the figures
 * themselves do not.
 */

import { expect, it } from "vitest";
import { closePage, openPage, runInPage } from "../test/support/node/pages";
import type { Timing } from "./kernels";

it("the kernels of wasm/", async () => {
  const page = await openPage();
  const timings = await runInPage<Timing[]>(
    page,
    "/bench/kernels.ts",
    "measureKernels",
    7,
    12,
    process.env.KERNEL ?? "",
  );
  await closePage(page);
  const rows = new Map<string, Record<string, string>>();
  for (const { kernel, size, module, milliseconds, gflops, gigabytes } of timings) {
    const row = rows.get(`${kernel} ${size}`) ?? { kernel, size };
    row[`${module} ms`] = milliseconds.toPrecision(3);
    if (gflops) row[`${module} GFLOP/s`] = gflops.toFixed(1);
    row[`${module} GB/s`] = gigabytes.toFixed(1);
    rows.set(`${kernel} ${size}`, row);
  }
  console.table([...rows.values()]);
  expect(timings.length).toBeGreaterThan(3);
});
