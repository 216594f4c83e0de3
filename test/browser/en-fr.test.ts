/**
 * The default model on unseen sentences: ids of every device = ids of PyTorch, greedy; and ids and scores of beam search =
 * those of Hugging Face's. `npm test` takes a part of the sentences, `npm run test:soak` all.
 */

import { readFileSync } from "node:fs";
import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GenerateOutput, GenerationConfig } from "../../src/index";
import { pageDevices } from "../support/node/devices";
import { closePage, openModelsPage, runInPage } from "../support/node/pages";
import { some } from "../support/node/volume";

interface Golden {
  max_new_tokens: number;
  cases: { text: string; input_ids: number[]; sequence: number[]; score: number; translation: string }[];
}

const read = (name: string) => JSON.parse(readFileSync(`test/goldens/${name}`, "utf8")) as Golden;
const { max_new_tokens, cases } = read("en_fr.json");
const beamCases = read("en_fr_beams.json").cases;

/** Cases in batches of `size`, as they come: sentences of different lengths. */
function batched<T>(list: T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
}

const sequencesOf = (results: GenerateOutput[]) => results.flatMap(({ sequences }) => sequences);
const expectBeams = (results: GenerateOutput[], wanted: Golden["cases"]): void => {
  expect(sequencesOf(results)).toEqual(wanted.map(({ sequence }) => sequence));
  const scores = results.flatMap(({ sequences_scores }) => sequences_scores ?? []);
  for (const [i, { score }] of wanted.entries()) expect(Math.abs(scores[i] - score)).toBeLessThan(1e-4);
};

describe.each(pageDevices)("the English-French model on %s", (device) => {
  let page: Page;
  beforeAll(async () => {
    page = await openModelsPage();
  });
  afterAll(() => closePage(page));

  const generate = (batches: number[][][], options: GenerationConfig = {}): Promise<GenerateOutput[]> =>
    runInPage(page, "/test/support/shared/models.ts", "generateAll", "/models/en-fr", device, batches, {
      max_new_tokens,
      ...options,
    });

  it("gives PyTorch's ids, one sentence a call", async () => {
    const wanted = some(cases, 8);
    const results = await generate(wanted.map(({ input_ids }) => [input_ids]));
    expect(sequencesOf(results)).toEqual(wanted.map(({ sequence }) => sequence));
  });

  it("gives PyTorch's ids in batches of different lengths", async () => {
    const wanted = some(cases, 2);
    const rows = wanted.map(({ input_ids }) => input_ids);
    expect(sequencesOf(await generate(batched(rows, 10)))).toEqual(wanted.map(({ sequence }) => sequence));
  });

  it("gives Hugging Face's beam search", async () => {
    const wanted = some(beamCases, 25);
    const rows = wanted.map(({ input_ids }) => input_ids);
    expectBeams(await generate(batched(rows, 10), { num_beams: 4 }), wanted);
  });
});
