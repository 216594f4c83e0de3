/** The engine in a worker of its own: all that it does in the page, with the page left free. */

import { readFileSync } from "node:fs";
import type { Page } from "puppeteer";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { closePage, openPage, runInPage, takeProblems } from "../support/node/pages";
import type * as calls from "../support/page/worker";

type Result<Name extends keyof typeof calls> = Awaited<ReturnType<(typeof calls)[Name]>>;

describe("a model in a worker", () => {
  let page: Page;
  const run = <Name extends keyof typeof calls>(name: Name, ...args: unknown[]) =>
    runInPage<Result<Name>>(page, "/test/support/page/worker.ts", name, ...args);
  beforeEach(async () => {
    page = await openPage();
  });
  afterEach(() => closePage(page));

  it.each(["cpu", "wasm", "webgpu"])("does on %s what a model in the page does, to the last error", async (device) => {
    const inPage = await run("everything", device, false);
    const inWorker = await run("everything", device, true);
    expect(Object.keys(inWorker).length).toBeGreaterThan(40);
    expect(inWorker).toEqual(inPage);
    // The browser takes its time to end them.
    await vi.waitFor(() => expect(page.workers()).toEqual([]), 30_000);
  });

  it("is free: a page's longest task is under 50 ms while a model loads, generates, translates and looks inside", async () => {
    const { cases } = JSON.parse(readFileSync("test/goldens/en_fr.json", "utf8")) as {
      cases: { text: string; input_ids: number[]; translation: string }[];
    };
    const { text, input_ids, translation } = cases[0];
    expect((await run("busy", 60)).length).toBe(1);
    for (const device of ["cpu", "wasm", "webgpu"]) {
      // On a busy machine a task may be long because the page does not get the processor.
      for (let tries = 3; tries > 0; tries--) {
        const { tasks, translations, ids } = await run("longTasks", device, text);
        expect([ids, ...translations]).toEqual([input_ids, translation, translation, translation]);
        console.log(`${device}: long tasks ${JSON.stringify(tasks)}`);
        if (tasks.length === 0) break;
        expect(tries).toBeGreaterThan(1);
      }
    }
  });

  it("reads every source, and leaves the caller's bytes as they are", async () => {
    const inPage = await run("sources", { device: "wasm", worker: false });
    const inWorker = await run("sources", { device: "wasm", worker: true });
    const { "bytes that are left": left, ...sequences } = inWorker;
    expect(left).toBe(true);
    for (const ids of Object.values(sequences))
      expect(ids).toEqual([[expect.any(Number), ...Array<unknown>(4).fill(expect.any(Number))]]);
    expect(inWorker).toEqual(inPage);
  });

  it("rejects all its calls when the worker dies without a word, and the next load works", async () => {
    await run("startEndless");
    expect(page.workers()).toHaveLength(1);
    // As a browser does it that runs out of memory: the page gets no event.
    await page.workers()[0].evaluate(() => close());
    const { running, next, memory, again } = await run("afterCrash");
    expect(running).toMatchObject({ name: "ModelError", code: "worker_lost" });
    expect(next).toEqual(running);
    expect([memory, again]).toEqual([0, 4]);
  });

  it("rejects all its calls when the worker throws outside of them", async () => {
    await run("startEndless");
    await page.workers()[0].evaluate(
      () =>
        void setTimeout(() => {
          throw new Error("out of memory");
        }),
    );
    const { running, again } = await run("afterCrash");
    takeProblems(page); // the browser reports the error, too
    expect(running).toMatchObject({ code: "worker_lost", message: expect.stringContaining("out of memory") as string });
    expect(again).toBe(4);
  });

  it.each([
    ["missing", "there is no Worker here"],
    ["throws", "refused"],
    ["fails", "is not there, or the page's Content-Security-Policy refuses it"],
    ["silent", "has not answered for 30 seconds"],
  ])("runs in the page with one warning where a worker %s", async (how, reason) => {
    const { warnings, ids } = await run("withoutWorker", how);
    expect(ids).toBe(4);
    expect(warnings).toEqual([expect.stringContaining(reason)]);
    expect(warnings[0]).toMatch(/^load: The model runs in the calling thread, because no worker could start: /);
  });
});
