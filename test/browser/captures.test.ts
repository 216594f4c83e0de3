/** The same as test/checkpoints/captures.test.ts on WebGPU, and what a token costs in each family. */

import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { captureInput, captureNames, captureSource, expectCaptures } from "../support/node/captures";
import type { Captures, StepCost } from "../support/shared/captures";
import { closePage, openModelsPage, runInPage } from "../support/node/pages";

const CAPTURES = "/test/support/shared/captures.ts";

/** Dispatches of a decoder layer, and of the rest: embedding, vocabulary, selection. */
const COSTS: Record<string, [layer: number, rest: number]> = {
  "marian-gelu-depth-1-3": [8, 3],
  "bart-gelu": [8, 3],
  "mbart-en-ro": [8, 3],
  "m2m100-padding-inside": [8, 3],
  pegasus: [8, 3],
  blenderbot: [8, 3],
  "blenderbot-small": [8, 3],
  plbart: [8, 3],
  mvp: [8, 3],
  "t5-relu": [8, 3],
  "t5-gated-silu": [8, 3],
};

describe("hidden states and attentions by layer, and costs, on WebGPU", () => {
  let page: Page;
  beforeAll(async () => {
    page = await openModelsPage();
  });
  afterAll(() => closePage(page));

  it.each(captureNames)("%s gives what transformers gives", async (name) => {
    const input = await captureInput(name);
    expectCaptures(
      name,
      await runInPage<Captures>(page, CAPTURES, "runCaptures", captureSource(name), "webgpu", input),
    );
  });

  it.each(Object.entries(COSTS))("a token of %s takes %j dispatches a layer and beside them", async (name, cost) => {
    const [layer, rest] = cost;
    const { decoderLayers, dispatches, pipelines } = await runInPage<StepCost>(
      page,
      CAPTURES,
      "stepCost",
      captureSource(name),
    );
    console.log(`${name}: ${dispatches} dispatches a token, ${decoderLayers} decoder layers, ${pipelines} pipelines`);
    expect(dispatches).toBe(layer * decoderLayers + rest);
    expect(pipelines).toBeLessThanOrEqual(25);
  });
});
