/**
 * The default model in Node: PyTorch's ids for 200 sentences, Hugging Face's beam search for 500, in WebAssembly and on the CPU.
 * `npm test` takes a part of them, `npm run test:soak` all.
 */

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Seq2Seq } from "../../src/index";
import { some } from "../support/node/volume";

interface Golden {
  max_new_tokens: number;
  cases: { text: string; input_ids: number[]; sequence: number[]; score: number; translation: string }[];
}
const read = (name: string) => JSON.parse(readFileSync(`test/goldens/${name}`, "utf8")) as Golden;
const { max_new_tokens, cases } = read("en_fr.json");
const beams = read("en_fr_beams.json").cases;

/** Searches in batches of ten, as the sentences come: of different lengths. */
async function expectGolden(model: Seq2Seq, list: Golden["cases"], num_beams: number): Promise<void> {
  for (let first = 0; first < list.length; first += 10) {
    const wanted = list.slice(first, first + 10);
    const rows = wanted.map(({ input_ids }) => input_ids);
    const { sequences, sequences_scores } = await model.generate(rows, { max_new_tokens, num_beams });
    expect(sequences).toEqual(wanted.map(({ sequence }) => sequence));
    sequences_scores?.forEach((score, i) => expect(Math.abs(score - wanted[i].score)).toBeLessThan(1e-4));
  }
}

describe.each(["wasm", "cpu"] as const)("on %s", (device) => {
  let model: Seq2Seq;
  beforeAll(async () => {
    model = await Seq2Seq.load("./demo/public/models/en-fr", { device });
  });
  afterAll(() => model.dispose());

  it("greedy, one sentence per call; the tokenizer gives Python's ids and text", async () => {
    expect(cases).toHaveLength(200);
    for (const { text, input_ids, sequence, translation } of cases) {
      expect(await model.tokenizer?.encode(text)).toEqual(input_ids);
      expect(await model.tokenizer?.decode(sequence)).toBe(translation);
    }
    for (const { input_ids, sequence } of some(cases, device === "wasm" ? 2 : 8))
      expect((await model.generate(input_ids, { max_new_tokens })).sequences).toEqual([sequence]);
  });

  it("greedy, in batches of different lengths", async () => {
    await expectGolden(model, some(cases, device === "wasm" ? 2 : 8), 1);
  });

  it("in beams, in batches of different lengths", { timeout: 3_600_000 }, async () => {
    expect(beams).toHaveLength(500);
    await expectGolden(model, some(beams, device === "wasm" ? 10 : 50), 4);
  });
});
