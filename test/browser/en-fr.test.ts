/** The default model: 200 unseen sentences, ids of the GPU = ids of the CPU = ids of PyTorch. */

import { readFileSync } from "node:fs";
import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Seq2Seq, type GenerateOutput } from "../../src/index";
import { closePage, openPage, runInPage } from "../support/page";

interface Golden {
  max_new_tokens: number;
  cases: { text: string; input_ids: number[]; sequence: number[]; translation: string }[];
}

const golden = JSON.parse(readFileSync("test/goldens/en_fr.json", "utf8")) as Golden;
const { max_new_tokens, cases } = golden;
const expected = cases.map(({ sequence }) => sequence);

describe("the English-French model", () => {
  let page: Page;
  beforeAll(async () => {
    page = await openPage();
  });
  afterAll(() => closePage(page));

  const onGpu = async (batches: number[][][]): Promise<number[][]> => {
    const results = await runInPage<GenerateOutput[]>(
      page,
      "/test/support/models.ts",
      "generateAll",
      "/models/en-fr",
      "webgpu",
      batches,
      { max_new_tokens },
    );
    return results.flatMap(({ sequences }) => sequences);
  };

  it("gives PyTorch's ids on the CPU, and the tokenizer Python's", async () => {
    const model = await Seq2Seq.load("./demo/public/models/en-fr", { device: "cpu" });
    expect(cases).toHaveLength(200);
    for (const { text, input_ids, sequence, translation } of cases) {
      expect(model.tokenizer?.encode(text)).toEqual(input_ids);
      expect((await model.generate(input_ids, { max_new_tokens })).sequences).toEqual([sequence]);
      expect(model.tokenizer?.decode(sequence)).toBe(translation);
    }
    await model.dispose();
  });

  it("gives PyTorch's ids on the GPU, one sentence a call", async () => {
    const some = cases.slice(0, 60);
    expect(await onGpu(some.map(({ input_ids }) => [input_ids]))).toEqual(expected.slice(0, 60));
  });

  it("gives PyTorch's ids on the GPU, in batches of different lengths", async () => {
    const batches: number[][][] = [];
    for (let i = 0; i < cases.length; i += 10) batches.push(cases.slice(i, i + 10).map(({ input_ids }) => input_ids));
    expect(await onGpu(batches)).toEqual(expected);
  });
});
