/** Tiny checkpoints of Hugging Face transformers, as it saves them, on the CPU backend: its logits, its ids, its beams. */

import { describe, expect, it } from "vitest";
import { expectFamily, FAMILIES, familyNames, readFamily } from "../support/node/families";
import { runFamily } from "../support/shared/models";

describe("checkpoints of Hugging Face transformers on the CPU", () => {
  it("are all here", () => {
    expect(familyNames.length).toBeGreaterThanOrEqual(30);
  });

  it.each(familyNames)("%s", async (name) => {
    const golden = await readFamily(name);
    expectFamily(await runFamily(`./${FAMILIES}/${name}`, "cpu", golden), golden);
  });
});
