/** A real pretrained BART on every device of Node: the ids of Hugging Face's greedy search for 500 words. */

import { describe, expect, it } from "vitest";
import { nodeDevices } from "../support/node/devices";
import { inBatches, MISAKI_WARNINGS, misakiFiles, misakiIsHere, readMisaki } from "../support/node/misaki";
import { generateAllFrom } from "../support/shared/models";

describe.skipIf(!misakiIsHere)("a pretrained BART", () => {
  it.each(nodeDevices)("spells 500 words as with transformers on %s", async (device) => {
    const { rows, words, all, correct, max_new_tokens, different, countCorrect } = readMisaki(
      device === "wasm" ? 1 : 5,
    );
    expect(words).toHaveLength(all ? 500 : 100);
    const { batches, restore } = inBatches(rows, 25);
    const { results, warnings } = await generateAllFrom(misakiFiles(), device, batches, { max_new_tokens });
    expect(warnings).toEqual(MISAKI_WARNINGS);
    const sequences = restore(results.flatMap((result) => result.sequences));
    expect(different(sequences)).toEqual([]);
    console.log(`${device}: ${countCorrect(sequences)} of ${words.length} words as in gold.json`);
    if (all) expect(countCorrect(sequences)).toBe(correct);
  });
});
