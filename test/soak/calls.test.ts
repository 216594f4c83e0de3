/**
 * `npm run test:soak`: 2,000 calls of all kinds on one model in a page, with a device taken away now and then. Memory is printed at the
 * start and at the end. ATTENDANT_SOAK_CALLS asks for another number.
 */

import type { Page } from "puppeteer";
import { afterAll, beforeAll, expect, it } from "vitest";
import { closePage, openPage, takeProblems } from "../support/node/pages";
import type { SoakReport } from "../support/page/soak";

const CALLS = Number(process.env.ATTENDANT_SOAK_CALLS ?? 2000);
/** Calls between two lost devices. */
const LOSE_EVERY = 50;
const MODULE = "/test/support/page/soak.ts";
const MIB = 2 ** 20;

let page: Page;
beforeAll(async () => {
  page = await openPage();
});
afterAll(() => closePage(page));

async function heap(): Promise<number> {
  const devtools = await page.createCDPSession();
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  await devtools.detach();
  return usedSize;
}

const run = (from: number, count: number) =>
  page.evaluate(
    `import("${MODULE}").then((module) => module.soak(${from}, ${count}, ${LOSE_EVERY}))`,
  ) as Promise<SoakReport>;

it(`${CALLS} calls leave nothing behind`, async () => {
  // The first calls make the sessions that are kept, and fill the caches of the browser.
  const first = await run(0, 2 * LOSE_EVERY);
  const before = await heap();
  const wrong = [...first.wrong];
  const rounds = [first];
  const started = performance.now();
  for (let done = 2 * LOSE_EVERY; done < CALLS; done += 100) {
    const round = await run(done, Math.min(100, CALLS - done));
    wrong.push(...round.wrong);
    rounds.push(round);
    takeProblems(page);
  }
  const after = await heap();
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const say = (name: string, bytes: number, { engine, buffers, devices }: SoakReport): void =>
    console.log(
      `${name}: JavaScript heap ${(bytes / MIB).toFixed(1)} MiB, on the device ${engine} bytes in ${buffers} buffers, ${devices} devices so far`,
    );
  say("start", before, first);
  say("end", after, rounds[rounds.length - 1]);
  console.log(`${CALLS} calls in ${seconds} s`);
  expect(wrong).toEqual([]);
  // Which sessions are kept depends on where a device was lost, so a round may hold more than the one before it; the later half
  // of the rounds never holds more than the earlier half.
  const half = Math.ceil(rounds.length / 2);
  for (const held of [(round: SoakReport) => round.engine, (round: SoakReport) => round.buffers]) {
    const most = Math.max(...rounds.slice(0, half).map(held));
    expect(Math.max(...rounds.slice(half).map(held))).toBeLessThanOrEqual(most);
  }
  expect(after - before).toBeLessThan(8 * MIB);
});
