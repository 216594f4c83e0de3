/** A real pretrained BART on WebGPU: the ids of Hugging Face's greedy search for 500 words. */

import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GenerateOutput } from "../../src/index";
import { inBatches, MISAKI_WARNINGS, misakiFiles, misakiIsHere, readMisaki } from "../support/node/misaki";
import { closePage, openPage, runInPage } from "../support/node/pages";

describe.skipIf(!misakiIsHere)("a pretrained BART on WebGPU", () => {
  let page: Page;
  beforeAll(async () => {
    page = await openPage();
  });
  afterAll(() => closePage(page));

  it("spells 500 words as with transformers", async () => {
    const { rows, words, correct, max_new_tokens, different, countCorrect } = readMisaki();
    const { batches, restore } = inBatches(rows, 50);
    const module = "/test/support/shared/models.ts";
    const options = { max_new_tokens };
    const { results, warnings } = await runInPage<{ results: GenerateOutput[]; warnings: string[] }>(
      page,
      module,
      "generateAllFrom",
      misakiFiles(),
      "webgpu",
      batches,
      options,
    );
    expect(warnings).toEqual(MISAKI_WARNINGS);
    const sequences = restore(results.flatMap((result) => result.sequences));
    expect(different(sequences)).toEqual([]);
    console.log(`WebGPU: ${countCorrect(sequences)} of ${words.length} words as in gold.json`);
    expect(countCorrect(sequences)).toBe(correct);
  });
});
