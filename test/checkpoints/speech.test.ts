/** Tiny checkpoints of models that read sound, on every device of Node: transformers' states, logits, ids and beams. */

import { describe, expect, it } from "vitest";
import { nodeDevices } from "../support/node/devices";
import { expectSpeech, readSpeech, SPEECH, speechNames } from "../support/node/speech-models";
import { runSpeech } from "../support/shared/speech";

describe.each(nodeDevices)("models that read sound, on %s", (device) => {
  it.each(speechNames)("%s", async (name) => {
    const fixture = await readSpeech(name);
    const result = await runSpeech(`./${SPEECH}/${name}`, device, fixture.inputs);
    expectSpeech(result, fixture);
    expect(result.warnings).toEqual([]);
  });
});
