/** Hidden states and attentions by layer, one checkpoint of each model_type, on every device of Node: as transformers has them. */

import { describe, expect, it } from "vitest";
import { Seq2Seq } from "../../src/index";
import { captureInput, captureNames, captureSource, expectCaptures } from "../support/node/captures";
import { nodeDevices } from "../support/node/devices";
import { runCaptures } from "../support/shared/captures";
import { goldenTypes, readCheckpoint, readFamily } from "../support/node/families";

it("are of one checkpoint of each model_type", () => {
  const types = captureNames.map((name) => readCheckpoint(name).fields.model_type);
  expect(types.sort()).toEqual([...goldenTypes].sort());
});

describe.each(nodeDevices)("on %s", (device) => {
  it.each(captureNames)("%s", async (name) => {
    expectCaptures(name, await runCaptures(`.${captureSource(name)}`, device, await captureInput(name)));
  });
});

it.each(["m2m100", "m2m100-pad-5-swish", "bart-gelu", "t5-relu"])(
  "%s: rows of different length are padded with the pad token",
  async (name) => {
    const { input_ids, attention_mask, decoder_input_ids } = await readFamily(name);
    const rows = input_ids.map((row, i) => row.slice(0, attention_mask[i].lastIndexOf(1) + 1));
    expect(new Set(rows.map((row) => row.length)).size).toBeGreaterThan(1);
    const model = await Seq2Seq.load(`.${captureSource(name)}`, { device: "cpu" });
    const padded = await model.forward({ input_ids, attention_mask, decoder_input_ids });
    expect(await model.forward({ input_ids: rows, decoder_input_ids })).toEqual(padded);
    await model.dispose();
  },
);
