/** Streams in a browser of their own, whose GPU process may be killed: other tests' browser would remember it. */

import type { Browser, CDPSession, Page } from "puppeteer";
import { afterAll, beforeAll, expect } from "vitest";
import type { FaultCase } from "../page/device-faults";
import { launchBrowser } from "./browser";
import { closePage, openPage, takeProblems } from "./pages";

const MODULE = "/test/support/page/device-faults.ts";

const rows = [[4, 5, 6, 7], [8, 9], [5]];
const long = { max_new_tokens: 24, eos_token_id: 0, output_scores: true };
export const STREAMS = {
  "greedy search": { call: "stream", rows, options: long },
  "a beam search": { call: "stream", rows: [rows[0]], options: { ...long, num_beams: 3 } },
  sampling: { call: "stream", rows, options: { ...long, do_sample: true, seed: 5 } },
} satisfies Record<string, FaultCase>;

/** For the tests of a `describe`. */
export function interruptedStreams() {
  let browser: Browser;
  let page: Page;
  let devtools: CDPSession;
  beforeAll(async () => {
    browser = await launchBrowser();
    page = await openPage(undefined, { endpoint: browser.wsEndpoint() });
    devtools = await browser.target().createCDPSession();
  });
  afterAll(async () => {
    takeProblems(page);
    await closePage(page);
    await browser.close();
  });
  return {
    /** Reads five tokens of a stream, has something happen, and reads the rest: the whole is what it is without. */
    async expectSame(stream: FaultCase, happen: (page: Page) => Promise<unknown>): Promise<void> {
      const call = JSON.stringify(stream);
      await page.evaluate(`import("${MODULE}").then((module) => module.beginStream(${call}, 5))`);
      await happen(page);
      const end = await page.evaluate(`import("${MODULE}").then((module) => module.endStream())`);
      expect(end).toEqual({ outcome: "same", device: "webgpu", warnings: [] });
    },
    async killGpuProcess(): Promise<void> {
      // It has no answer: the process that would give it is gone.
      void devtools.send("Browser.crashGpuProcess").catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 500));
    },
  };
}
