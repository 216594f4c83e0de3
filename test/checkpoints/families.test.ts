/** Tiny checkpoints of Hugging Face transformers, as it saves them, on every device of Node: its logits, its ids, its beams. */

import { describe, expect, it } from "vitest";
import { nodeDevices } from "../support/node/devices";
import { expectFamily, FAMILIES, familyNames, readFamily } from "../support/node/families";
import { runFamily } from "../support/shared/models";

describe.each(nodeDevices)("checkpoints of Hugging Face transformers on %s", (device) => {
  it("are all here", () => {
    expect(familyNames.length).toBeGreaterThanOrEqual(30);
  });

  it.each(familyNames)("%s", async (name) => {
    const golden = await readFamily(name);
    expectFamily(await runFamily(`./${FAMILIES}/${name}`, device, golden), golden);
  });
});
