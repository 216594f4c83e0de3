/** The default model in WebAssembly: PyTorch's ids for 200 sentences, Hugging Face's beam search for 500. */

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { Seq2Seq } from "../../src/index";

interface Golden {
  max_new_tokens: number;
  cases: { input_ids: number[]; sequence: number[]; score: number }[];
}
const read = (name: string) => JSON.parse(readFileSync(`test/goldens/${name}`, "utf8")) as Golden;
const SOURCE = "./demo/public/models/en-fr";
const { max_new_tokens, cases } = read("en_fr.json");

it("greedy, one sentence per call", { timeout: 240_000 }, async () => {
  const model = await Seq2Seq.load(SOURCE, { device: "wasm" });
  expect(cases).toHaveLength(200);
  for (const { input_ids, sequence } of cases) {
    expect((await model.generate(input_ids, { max_new_tokens })).sequences).toEqual([sequence]);
  }
  await model.dispose();
});

it("greedy and in beams, in batches of different lengths", { timeout: 600_000 }, async () => {
  const model = await Seq2Seq.load(SOURCE, { device: "wasm" });
  const beams = read("en_fr_beams.json").cases;
  expect(beams).toHaveLength(500);
  for (const [list, num_beams] of [
    [cases, 1],
    [beams, 4],
  ] as const) {
    for (let first = 0; first < list.length; first += 10) {
      const wanted = list.slice(first, first + 10);
      const rows = wanted.map(({ input_ids }) => input_ids);
      const { sequences, sequences_scores } = await model.generate(rows, { max_new_tokens, num_beams });
      expect(sequences).toEqual(wanted.map(({ sequence }) => sequence));
      sequences_scores?.forEach((score, i) => expect(Math.abs(score - wanted[i].score)).toBeLessThan(1e-4));
    }
  }
  await model.dispose();
});
