/** Every operation on the GPU against the CPU specification, over the table of op-cases.ts, with both kernel variants. */

import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Comparison } from "../support/page/op-compare";
import { closePage, openPage, runInPage } from "../support/node/pages";

const COMPARE = "/test/support/page/op-compare.ts";

describe.each(["software", "gpu"])("the %s kernels against the CPU", (variant) => {
  let page: Page;
  let comparisons: Comparison[];
  beforeAll(async () => {
    page = await openPage();
    comparisons = await runInPage<Comparison[]>(page, COMPARE, "compareOps", variant);
  });
  afterAll(() => closePage(page));

  it("agree within 2e-6 + 1e-5 relative on every element of every case", () => {
    const wrong = comparisons.filter(({ worst }) => !(worst <= 1));
    expect(wrong).toEqual([]);
    const worst = Math.max(...comparisons.map((c) => c.worst));
    console.log(`${variant}: ${comparisons.length} op cases, worst ${worst.toFixed(2)} of the tolerance`);
  });

  it("cover every operation", () => {
    const covered = new Set(comparisons.map(({ name }) => name.split(" ")[0]));
    const operations = [
      "embed",
      "layerNorm",
      "linear",
      "projectQueryKeyValue",
      "attention",
      "attentionWeights",
      "softmax",
      "selectGreedy",
      "logSoftmax",
      "topK",
      "beams",
      "processLogits",
    ];
    expect([...covered].sort()).toEqual(operations.sort());
    expect(comparisons.length).toBeGreaterThanOrEqual(180);
  });

  it("differ from a wrong result", async () => {
    // The comparison itself must be able to fail.
    const worst = await runInPage<number>(page, COMPARE, "compareAgainstWrong");
    expect(worst).toBeGreaterThan(1);
  });
});
