/** A real pretrained BART on the CPU: the ids of Hugging Face's greedy search for 500 words. */

import { describe, expect, it } from "vitest";
import { inBatches, misakiFiles, misakiIsHere, readMisaki } from "../support/node/misaki";
import { generateAllFrom } from "../support/shared/models";

describe.skipIf(!misakiIsHere)("a pretrained BART on the CPU", () => {
  it("spells 500 words as with transformers", { timeout: 240_000 }, async () => {
    const { rows, words, correct, max_new_tokens, different, countCorrect } = readMisaki();
    expect(words).toHaveLength(500);
    const { batches, restore } = inBatches(rows, 25);
    const results = await generateAllFrom(misakiFiles(), "cpu", batches, { max_new_tokens });
    const sequences = restore(results.flatMap((result) => result.sequences));
    expect(different(sequences)).toEqual([]);
    console.log(`CPU: ${countCorrect(sequences)} of ${words.length} words as in gold.json`);
    expect(countCorrect(sequences)).toBe(correct);
  });
});
