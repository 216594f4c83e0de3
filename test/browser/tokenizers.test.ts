/**
 * What a tokenizer takes from its environment is the same in a browser: the segmentation into graphemes, the classes of
 * characters in regular expressions, UTF-8, normalisation.
 */

import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, it } from "vitest";
import { closePage, openPage, runInPage } from "../support/node/pages";
import { classOf, expectFirstBlocks, filesOf, linesOf } from "../support/node/tokenizers";

describe("4,000 lines in a page, as transformers encodes and decodes them", () => {
  let page: Page;
  beforeAll(async () => {
    page = await openPage();
  });
  afterAll(() => closePage(page));

  it.each(["mbart50-json", "t5", "bart", "byt5", "marian", "blenderbot-small"])("%s", async (name) => {
    const lines = linesOf(name).slice(0, 4000);
    const answers = await runInPage<{ ids: number[]; text: string }[]>(
      page,
      "/test/support/page/encode.ts",
      "encodeLines",
      filesOf(name),
      classOf(name),
      lines,
    );
    expectFirstBlocks(`hf-${name}`, answers);
  });
});
