/** Tiny checkpoints of PyTorch's nn.Transformer on the CPU backend: its logits, its ids, its attention. */

import { describe, expect, it } from "vitest";
import { expectGolden, readGolden, VANILLA, vanillaNames } from "./support/goldens";
import { runGolden } from "./support/models";

describe("vanilla checkpoints on the CPU", () => {
  it("are all here", () => {
    expect(vanillaNames.length).toBeGreaterThanOrEqual(12);
  });

  it.each(vanillaNames)("%s", async (name) => {
    const golden = await readGolden(name);
    expectGolden(await runGolden(`./${VANILLA}/${name}`, "cpu", golden), golden);
  });
});
