/** Options of generate(), alone and in pairs, in every search, on checkpoints of every family: Hugging Face's ids and scores. */

import { describe, expect, it } from "vitest";
import { runGenerationCases } from "../support/shared/generation-cases";
import { nodeDevices } from "../support/node/devices";
import { goldenTypes, readCheckpoint } from "../support/node/families";
import { generationFailures, generationNames, readGeneration, readPartOfGeneration } from "../support/node/generation";

describe.each(nodeDevices)("the options of generate() on %s give what Hugging Face's give", (device) => {
  it("in at least 600 cases", () => {
    const count = generationNames.reduce((sum, name) => sum + readGeneration(name).cases.length, 0);
    expect(count).toBeGreaterThanOrEqual(600);
  });

  it("of every model_type", () => {
    const types = generationNames.map((name) => readCheckpoint(name).fields.model_type);
    expect([...new Set(types)].sort()).toEqual([...goldenTypes].sort());
  });

  it.each(generationNames)("%s", async (name) => {
    // All of them run in WebAssembly.
    const file = device === "cpu" ? readPartOfGeneration(name) : readGeneration(name);
    const results = await runGenerationCases(`./test/goldens/families/${name}`, device, file);
    expect(generationFailures(results, file.cases)).toEqual([]);
  });
});
