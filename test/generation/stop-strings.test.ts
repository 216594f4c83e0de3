/** stop_strings ends a row with the token that completes one, and the row keeps it (Hugging Face's StopStringCriteria). */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Seq2Seq, type GenerationConfig } from "../../src/index";

interface Golden {
  max_new_tokens: number;
  cases: { input_ids: number[]; sequence: number[]; translation: string }[];
}

const { max_new_tokens, cases } = JSON.parse(readFileSync("test/goldens/en_fr.json", "utf8")) as Golden;
const [first, second] = cases.filter(({ translation }) => translation.length > 15);

describe("stop_strings", () => {
  it("cuts sequences where their text has come to hold one", async () => {
    const model = await Seq2Seq.load("./demo/public/models/en-fr", { device: "cpu" });
    const text = (ids: number[]) => model.tokenizer!.decode(ids);
    const rows = [first.input_ids, second.input_ids];
    const run = async (given: GenerationConfig) => (await model.generate(rows, { max_new_tokens, ...given })).sequences;

    // In the middle of a word, so that no token ends with it.
    const stop_strings = [first.translation.slice(6, 9), second.translation.slice(8, 12)];
    const holdsOne = (written: string) => stop_strings.some((stop) => written.includes(stop));
    const cut = await run({ stop_strings });
    for (const [i, { sequence }] of [first, second].entries()) {
      const texts = await Promise.all(sequence.map(async (_, end) => text(sequence.slice(0, end + 1))));
      const length = texts.findIndex(holdsOne);
      expect(length).toBeGreaterThan(0);
      expect(cut[i]).toEqual(sequence.slice(0, length + 1));
      expect(cut[i].length).toBeLessThan(sequence.length);
    }

    for (const sequence of await run({ stop_strings, num_beams: 3 })) {
      expect(holdsOne(await text(sequence.slice(0, -1)))).toBe(false);
    }
    expect(await run({ stop_strings: "not in any of them" })).toEqual([first.sequence, second.sequence]);
    await model.dispose();
  });
});
