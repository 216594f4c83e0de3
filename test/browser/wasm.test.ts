/** The WebAssembly backend in a browser: every operation in both modules. Checkpoints run on it as on every device. */

import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { closePage, openPage, runInPage } from "../support/node/pages";
import type { Difference } from "../support/shared/difference";

const OPS = "/test/support/page/wasm.ts";

describe("WebAssembly in a browser", () => {
  let page: Page;
  beforeAll(async () => {
    page = await openPage();
  });
  afterAll(() => closePage(page));

  it.each(["simd", "relaxed"])("every operation agrees with the CPU, in the module %s", async (name) => {
    const comparisons = await runInPage<({ name: string } & Difference)[]>(page, OPS, "compareWasm", name);
    expect(comparisons.filter(({ worst }) => !(worst <= 1))).toEqual([]);
    const worst = Math.max(...comparisons.map((c) => c.worst));
    console.log(`${name}: ${comparisons.length} op cases, worst ${worst.toFixed(2)} of the tolerance`);
    expect(comparisons.length).toBeGreaterThanOrEqual(400);
  });

  it.each(["simd", "relaxed"])("int8 arithmetic is that of the CPU, in the module %s", async (name) => {
    const comparisons = await runInPage<({ name: string } & Difference)[]>(page, OPS, "compareInt8", name);
    expect(comparisons.filter(({ worst }) => !(worst <= 1))).toEqual([]);
    expect(comparisons.length).toBeGreaterThanOrEqual(40);
  });

  it.each(["simd", "relaxed"])("integer products are exact, in the module %s", async (name) => {
    expect(await runInPage<string[]>(page, OPS, "wrongInt8", name)).toEqual([]);
  });
});
