/**
 * WebGPU in Firefox, in parts: each group of operations once on the kernels of its adapter, a checkpoint, and the default
 * model. What Firefox allocates for WebGPU it gives back late, so all of the goldens would take gigabytes. Elsewhere these
 * tests are skipped: test/browser/ has all of it for Chromium.
 */

import { readFileSync } from "node:fs";
import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GenerateOutput } from "../../src/index";
import { wantsFirefox } from "../support/node/browser";
import { expectFamily, FAMILIES, readFamily } from "../support/node/families";
import { closePage, openPage, runInPage } from "../support/node/pages";
import type { Comparison } from "../support/page/op-compare";
import { operationNames } from "../support/shared/op-bench";
import type { FamilyResult } from "../support/shared/models";

const MODELS = "/test/support/shared/models.ts";

interface Golden {
  max_new_tokens: number;
  cases: { input_ids: number[]; sequence: number[] }[];
}

describe.skipIf(!wantsFirefox())("WebGPU in Firefox", () => {
  let page: Page;
  beforeAll(async () => {
    page = await openPage();
  });
  afterAll(() => closePage(page));

  it.each(["marian-swish", "t5-gated-silu"])("checkpoint %s", async (name) => {
    const golden = await readFamily(name);
    const { input_ids, attention_mask, decoder_input_ids, max_new_tokens } = golden;
    const input = { input_ids, attention_mask, decoder_input_ids, max_new_tokens };
    expectFamily(
      await runInPage<FamilyResult>(page, MODELS, "runFamily", `/${FAMILIES}/${name}`, "webgpu", input),
      golden,
    );
  });

  it.each(["software", "gpu"])(
    "operations agree with the CPU on the kernels %s, in each weight format",
    async (kernels) => {
      const found = await runInPage<Comparison[]>(page, "/test/support/page/op-compare.ts", "compareSome", kernels);
      expect(found.filter(({ worst }) => !(worst <= 1))).toEqual([]);
      const covered = found.flatMap(({ operations }) => operations);
      expect([...new Set(covered)].sort()).toEqual([...operationNames].sort());
      expect([...new Set(found.map(({ format }) => format))].sort()).toEqual(["f16", "f32", "q4", "q8"]);
      console.log(`WebGPU in Firefox: ${found.length} op cases`);
    },
  );

  it("the default model gives PyTorch's ids", async () => {
    const { cases, max_new_tokens } = JSON.parse(readFileSync("test/goldens/en_fr.json", "utf8")) as Golden;
    const rows = cases.map(({ input_ids }) => input_ids);
    const options = { max_new_tokens };
    const [{ sequences }] = await runInPage<GenerateOutput[]>(
      page,
      MODELS,
      "generateAll",
      "/models/en-fr",
      "webgpu",
      [rows],
      options,
    );
    expect(sequences).toEqual(cases.map(({ sequence }) => sequence));
    // How long a token takes, once the page has seen how late Firefox says that a step is done.
    const long = { min_new_tokens: 100, max_new_tokens: 100 };
    const [, { stats }] = await runInPage<GenerateOutput[]>(
      page,
      MODELS,
      "generateAll",
      "/models/en-fr",
      "webgpu",
      [[rows[0]], [rows[0]]],
      long,
    );
    expect(stats.steps).toBe(100);
    console.log(`the default model in Firefox: ${(stats.total_ms / stats.steps).toFixed(1)} ms per token`);
  });
});
