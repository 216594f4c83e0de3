/** Searching on WebGPU: Hugging Face's answers for the toy model, and what a step of beams costs. */

import { readFileSync } from "node:fs";
import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { wantsFirefox } from "../support/node/browser";
import type { CostReport } from "../support/page/counting";
import { closePage, openModelsPage, runInPage } from "../support/node/pages";
import { expectFound, readSearchGoldens } from "../support/node/search";
import type { DeviceAnswer, SearchGolden } from "../support/shared/toy";

describe("searching on WebGPU", () => {
  let page: Page;
  beforeAll(async () => {
    page = await openModelsPage();
  });
  afterAll(() => closePage(page));

  it("finds what transformers finds", async () => {
    const { rows, tables, cases } = readSearchGoldens();
    // Every way and every option; the CPU runs them all.
    const chosen = cases.filter(({ options }, i) => i % 3 === 0 || options.num_beams === 4);
    const module = "/test/support/shared/toy.ts";
    const answers = await runInPage<DeviceAnswer[]>(page, module, "searchOnDevice", "webgpu", rows, tables, chosen);
    answers.forEach(({ found }, i) => expectFound(found, chosen[i].found, JSON.stringify(chosen[i].options)));
    const ways = answers.map(({ way }) => way);
    for (const way of ["greedy", "beams", "javascript"] as const) {
      expect(ways.filter((w) => w === way).length).toBeGreaterThan(4);
    }
  });

  it("finds what transformers 4.56 finds with groups of beams", async () => {
    const { rows, tables } = readSearchGoldens();
    const { cases } = JSON.parse(readFileSync("test/goldens/groups.json", "utf8")) as { cases: SearchGolden[] };
    const chosen = cases.filter((_, i) => i % 16 === 0);
    const module = "/test/support/shared/toy.ts";
    const answers = await runInPage<DeviceAnswer[]>(page, module, "searchOnDevice", "webgpu", rows, tables, chosen);
    answers.forEach(({ found }, i) => {
      expect(found.map(({ tokens }) => tokens)).toEqual(chosen[i].found.map(({ sequence }) => sequence));
      const scores = chosen[i].found.map(({ score }) => Number(score));
      found.forEach(({ score }, j) => expect(Math.abs((score ?? NaN) - scores[j])).toBeLessThan(1e-4));
    });
  });

  // In Firefox more steps get in flight as a call goes on, and each brings a buffer to read from.
  it.skipIf(wantsFirefox()).each([
    { beams: 1, rules: true, sampled: false, dispatches: 2 },
    // Of a small vocabulary the candidates are found at once.
    { beams: 1, rules: false, sampled: true, dispatches: 2 },
    { beams: 3, rules: false, sampled: false, dispatches: 4 },
    { beams: 3, rules: true, sampled: false, dispatches: 5 },
  ])(
    "a step of $beams beams, rules $rules, sampled $sampled: one submit, four bytes or eight, nothing made",
    async ({ beams, rules, sampled, dispatches }) => {
      const model = { normFirst: true, layers: 2, rows: 1 };
      const options = {
        num_beams: beams,
        ...(sampled ? { do_sample: true, seed: 2 } : {}),
        ...(rules ? { repetition_penalty: 1.2, no_repeat_ngram_size: 3 } : {}),
      };
      const cost = await runInPage<CostReport>(page, "/test/support/page/counting.ts", "costOfTokens", model, options);
      const { createBuffer, createBindGroup, writeBuffer, submit, beginComputePass, mapAsync, mappedBytes } =
        cost.perToken;
      expect({ createBuffer, createBindGroup, writeBuffer }).toEqual({
        createBuffer: 0,
        createBindGroup: 0,
        writeBuffer: 0,
      });
      expect({ submit, beginComputePass, mapAsync }).toEqual({ submit: 1, beginComputePass: 1, mapAsync: 1 });
      // With beams a flag a step, and at the end of the search the token that was found.
      expect(mappedBytes).toBe(beams === 1 ? 4 : 8);
      console.log(
        `dispatches a step, ${beams} beams, rules ${rules}, sampled ${sampled}: ${cost.perToken.dispatchWorkgroups}`,
      );
      // A layer is 8 dispatches (counters.test.ts); with several rows its three norms and the last one are their own.
      const norms = beams === 1 ? 0 : 3 * 2 + 1;
      expect(cost.perToken.dispatchWorkgroups).toBe(8 * 2 + 2 + norms + dispatches);
    },
  );
});
