/** Options of generate() on every device of a page: Hugging Face's ids and scores, case by case as in Node. */

import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GenerationResult } from "../support/shared/generation-cases";
import { inPage, pageDevices } from "../support/node/devices";
import { generationFailures, generationNames, readPartOfGeneration } from "../support/node/generation";
import { closePage, openModelsPage, runInPage } from "../support/node/pages";

describe.each(pageDevices)(
  "the options of generate() on %s, on every family, give what Hugging Face's give",
  (device) => {
    let page: Page;
    let count = 0;
    beforeAll(async () => {
      page = await openModelsPage();
    });
    afterAll(async () => {
      console.log(`${count} calls`);
      await closePage(page);
    });

    it.each(inPage(device, generationNames))("%s", { timeout: 600_000 }, async (name) => {
      const file = readPartOfGeneration(name);
      const module = "/test/support/shared/generation-cases.ts";
      const source = `/test/goldens/families/${name}`;
      const results = await runInPage<GenerationResult[]>(page, module, "runGenerationCases", source, device, file);
      expect(generationFailures(results, file.cases)).toEqual([]);
      count += results.length;
    });
  },
);
