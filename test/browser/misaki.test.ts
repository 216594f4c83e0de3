/** A real pretrained BART on every device of a page: the ids of Hugging Face's greedy search for 500 words. */

import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GenerateOutput } from "../../src/index";
import { pageDevices } from "../support/node/devices";
import { inBatches, MISAKI_WARNINGS, misakiFiles, misakiIsHere, readMisaki } from "../support/node/misaki";
import { closePage, openModelsPage, runInPage } from "../support/node/pages";

describe.skipIf(!misakiIsHere)("a pretrained BART", () => {
  let page: Page;
  beforeAll(async () => {
    page = await openModelsPage();
  });
  afterAll(() => closePage(page));

  it.each(pageDevices)("spells 500 words as with transformers on %s", async (device) => {
    const { rows, words, all, correct, max_new_tokens, different, countCorrect } = readMisaki(5);
    const { batches, restore } = inBatches(rows, 50);
    const module = "/test/support/shared/models.ts";
    const options = { max_new_tokens };
    const { results, warnings } = await runInPage<{ results: GenerateOutput[]; warnings: string[] }>(
      page,
      module,
      "generateAllFrom",
      misakiFiles(),
      device,
      batches,
      options,
    );
    expect(warnings).toEqual(MISAKI_WARNINGS);
    const sequences = restore(results.flatMap((result) => result.sequences));
    expect(different(sequences)).toEqual([]);
    console.log(`${device}: ${countCorrect(sequences)} of ${words.length} words as in gold.json`);
    if (all) expect(countCorrect(sequences)).toBe(correct);
  });
});
