/** Tiny checkpoints of PyTorch's nn.Transformer on every device of a page: its logits, its ids, its attention. */

import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectGolden, readGolden, VANILLA, vanillaNames } from "../support/node/vanilla";
import type { GoldenResult } from "../support/shared/models";
import { inPage, pageDevices } from "../support/node/devices";
import { closePage, openModelsPage, runInPage } from "../support/node/pages";

describe.each(pageDevices)("vanilla checkpoints on %s", (device) => {
  let page: Page;
  const worst: number[] = [];
  beforeAll(async () => {
    page = await openModelsPage();
  });
  afterAll(async () => {
    console.log(`${worst.length} checkpoints, worst logit ${Math.max(...worst).toFixed(3)} of the tolerance`);
    await closePage(page);
  });

  it.each(inPage(device, vanillaNames))("%s", async (name) => {
    const golden = await readGolden(name);
    const { input_ids, attention_mask, decoder_input_ids, max_new_tokens } = golden;
    const input = { input_ids, attention_mask, decoder_input_ids, max_new_tokens };
    const source = `/${VANILLA}/${name}`;
    worst.push(
      expectGolden(
        await runInPage<GoldenResult>(page, "/test/support/shared/models.ts", "runGolden", source, device, input),
        golden,
      ),
    );
    expect(worst.at(-1)).toBeLessThanOrEqual(1);
  });
});
