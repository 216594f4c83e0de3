/** Tiny checkpoints of models that read sound, on every device of a page: transformers' states, logits, ids and beams. */

import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pageDevices } from "../support/node/devices";
import { closePage, openPage, runInPage } from "../support/node/pages";
import { expectSpeech, readSpeech, SPEECH, speechNames } from "../support/node/speech-models";
import type { SpeechResult } from "../support/shared/speech";

describe.each(pageDevices)("models that read sound, on %s", (device) => {
  let page: Page;
  beforeAll(async () => {
    page = await openPage();
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
});
