/**
 * Random sequences of load, generate, stream, abort, lose and dispose on two models: a call returns what it returns alone, or it was
 * aborted, or its model was disposed of; nothing hangs and nothing is left. fast-check makes a failing sequence short.
 */

import fc from "fast-check";
import type { Page } from "puppeteer";
import { afterAll, beforeAll, expect, it } from "vitest";
import { closePage, openPage, takeProblems } from "../../support/node/pages";
import type { Command } from "../../support/page/random-calls";

const MODULE = "/test/support/page/random-calls.ts";

/** Sequences. ATTENDANT_RUNS asks for more. */
const RUNS = Number(process.env.ATTENDANT_RUNS ?? 4);
const SEED = 20170612;

const model = fc.integer({ min: 0, max: 1 });
const call: fc.Arbitrary<Command> = fc.record({ do: fc.constant("call"), model, call: fc.integer({ min: 0, max: 6 }) });
const commands: fc.Arbitrary<Command>[] = [
  fc.record({ do: fc.constant("load"), model }),
  call,
  call,
  call,
  fc.record({ do: fc.constant("abort"), call: fc.nat(5) }),
  fc.record({ do: fc.constant("lose"), device: model }),
  fc.record({ do: fc.constant("lose later"), submits: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ do: fc.constant("dispose"), model }),
  fc.record({ do: fc.constant("pause"), ms: fc.constantFrom(0, 5, 30) }),
  fc.record({ do: fc.constant("settle") }),
];
const sequences = fc
  .array(fc.oneof(...commands), { minLength: 3, maxLength: 14 })
  .map((rest): Command[] => [{ do: "load", model: 0 }, { do: "load", model: 1 }, ...rest]);

let page: Page;
beforeAll(async () => {
  page = await openPage();
});
afterAll(() => closePage(page));

it(`holds over ${RUNS} random sequences`, { timeout: 600_000 }, async () => {
  let lost = 0;
  const holds = fc.asyncProperty(sequences, async (sequence) => {
    const list = JSON.stringify(sequence);
    const broken = (await page.evaluate(
      `import("${MODULE}").then((module) => module.runCommands(${list}))`,
    )) as string[];
    takeProblems(page); // the browser warns about each device that is destroyed
    lost += sequence.filter((command) => command.do.startsWith("lose")).length;
    expect(broken).toEqual([]);
  });
  await fc.assert(holds, { numRuns: RUNS, seed: SEED, endOnFailure: process.env.ATTENDANT_SHRINK === undefined });
  console.log(`${RUNS} sequences, ${lost} devices taken away`);
  expect(lost).toBeGreaterThan(0);
});
