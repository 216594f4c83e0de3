/** Tiny checkpoints of Hugging Face transformers, as it saves them, on the CPU backend: its logits and its ids. */

import { describe, expect, it } from "vitest";
import { expectFamily, FAMILIES, familyCount, familyNames, readFamily } from "./support/families";
import { runFamily } from "./support/models";

describe("checkpoints of Hugging Face transformers on the CPU", () => {
  it("are all here", () => {
    expect(familyCount).toBeGreaterThanOrEqual(30);
  });

  it.each(familyNames)("%s", async (name) => {
    const golden = await readFamily(name);
    expectFamily(await runFamily(`./${FAMILIES}/${name}`, "cpu", golden), golden);
  });
});
