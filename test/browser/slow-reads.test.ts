/** Where the browser is slow to notice that a result is there, more steps are in flight. */

import { expect, it } from "vitest";
import { closePage, openPage, runInPage } from "../support/node/pages";
import type { SlowReads } from "../support/page/slow-reads";

it("reads many tokens at a time from a browser that looks every 100 ms", async () => {
  const page = await openPage();
  const tokens = 60;
  const { sequences, before, slow, polls } = await runInPage<SlowReads>(
    page,
    "/test/support/page/slow-reads.ts",
    "generateWithSlowReads",
    tokens,
  );
  await closePage(page);
  console.log(
    `steps in flight: ${before.steps_in_flight}, then ${slow.steps_in_flight}; ${polls} looks for ${tokens} tokens`,
  );
  expect(sequences.slow).toEqual(sequences.before);
  expect(slow.steps).toBe(tokens);
  expect(slow.steps_in_flight).toBeGreaterThanOrEqual(8);
  // One step in flight would take as many looks as tokens.
  expect(polls).toBeLessThan(tokens / 2);
  // What is computed ahead in vain ends with the sentence.
  expect(slow.submits).toBeLessThanOrEqual(tokens + 1);
});
