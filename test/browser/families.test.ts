/** Tiny checkpoints of Hugging Face transformers, as it saves them, on every device of a page: its logits, its ids, its beams. */

import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inPage, pageDevices } from "../support/node/devices";
import { expectFamily, FAMILIES, familyNames, readFamily } from "../support/node/families";
import type { FamilyResult } from "../support/shared/models";
import { closePage, openModelsPage, runInPage } from "../support/node/pages";

describe.each(pageDevices)("checkpoints of Hugging Face transformers on %s", (device) => {
  let page: Page;
  const worst: number[] = [];
  beforeAll(async () => {
    page = await openModelsPage();
  });
  afterAll(async () => {
    console.log(`${worst.length} checkpoints, worst logit ${Math.max(...worst).toFixed(3)} of the tolerance`);
    await closePage(page);
  });

  it("are all here", () => {
    expect(familyNames.length).toBeGreaterThanOrEqual(30);
  });

  it.each(inPage(device, familyNames))("%s", async (name) => {
    const golden = await readFamily(name);
    const { input_ids, attention_mask, decoder_input_ids, max_new_tokens } = golden;
    const input = { input_ids, attention_mask, decoder_input_ids, max_new_tokens };
    const source = `/${FAMILIES}/${name}`;
    const result = await runInPage<FamilyResult>(
      page,
      "/test/support/shared/models.ts",
      "runFamily",
      source,
      device,
      input,
    );
    worst.push(expectFamily(result, golden));
    expect(worst.at(-1)).toBeLessThanOrEqual(1);
  });
});
