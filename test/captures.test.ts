/** Hidden states and attentions by layer, one checkpoint a family, on the CPU: those of Hugging Face transformers. */

import { expect, it } from "vitest";
import { captureInput, captureNames, captureSource, expectCaptures } from "./support/capture-goldens";
import { runCaptures } from "./support/captures";

it("are of six checkpoints", () => expect(captureNames.length).toBe(6));

it.each(captureNames)("%s", async (name) => {
  expectCaptures(name, await runCaptures(`.${captureSource(name)}`, "cpu", await captureInput(name)));
});
