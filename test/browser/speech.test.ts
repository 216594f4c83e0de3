/** Tiny checkpoints of models that read sound, on every device of a page: transformers' states, logits, ids and beams. */

import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Memory } from "../../src/index";
import { pageDevices } from "../support/node/devices";
import { closePage, openModelsPage, runInPage } from "../support/node/pages";
import { expectSpeech, readSpeech, SPEECH, speechNames } from "../support/node/speech-models";
import type { MoonshineTexts } from "../support/page/moonshine";
import type { OverWindows } from "../support/page/speech-memory";
import type { SpeechResult } from "../support/shared/speech";
import { wordsOf } from "../support/shared/tiny-moonshine";

describe.each(pageDevices)("models that read sound, on %s", (device) => {
  let page: Page;
  beforeAll(async () => {
    page = await openModelsPage();
  });
  afterAll(() => closePage(page));

  it.each(speechNames)("%s", async (name) => {
    const fixture = await readSpeech(name);
    const module = "/test/support/shared/speech.ts";
    const result = await runInPage<SpeechResult>(
      page,
      module,
      "runSpeech",
      `/${SPEECH}/${name}`,
      device,
      fixture.inputs,
    );
    expect(expectSpeech(result, fixture)).toBeLessThanOrEqual(1);
    expect(result.warnings).toEqual([]);
  });

  it.each(["moonshine", "moonshine-streaming"])("%s through Transcriber, in the page and in a worker", async (name) => {
    const { golden, inputs } = await readSpeech(name);
    const module = "/test/support/page/moonshine.ts";
    const expected = golden.calls.greedy.sequences.map(([, ...tokens]) => wordsOf(tokens));
    for (const worker of [false, true]) {
      const options = { device, worker };
      const args = [name, options, inputs.rows, inputs.max_new_tokens] as const;
      const { texts, warnings } = await runInPage<MoonshineTexts>(page, module, "moonshineTexts", ...args);
      expect(texts).toEqual(expected);
      expect(warnings).toEqual([]);
    }
  });

  it.runIf(device === "webgpu")("memory is the same after 60 windows as after one; no try encodes again", async () => {
    const module = "/test/support/page/speech-memory.ts";
    const found = await runInPage<OverWindows>(page, module, "memoryOverWindows", device);
    const { windows, encoded, memory, same, dispatches } = found;
    expect(encoded).toBeGreaterThanOrEqual(60);
    expect(windows).toBe(2 * encoded);
    expect(same).toBe(true);
    expect(dispatches[0]).toBeLessThan(dispatches[1]);
    const disposed = memory.pop();
    expect(memory.length).toBeGreaterThanOrEqual(60);
    const different = (given: Partial<Memory>[]): number => new Set(given.map((each) => JSON.stringify(each))).size;
    expect(different(memory.map(({ weights, cache, activations }) => ({ weights, cache, activations })))).toBe(1);
    // Buffers for reading are kept, as many as were in use at a time; that is seen in the first windows.
    expect(different(memory.slice(5))).toBe(1);
    expect(disposed).toEqual({ weights: 0, cache: 0, activations: 0, staging: 0 });
  });
});
