/**
 * Runs the tables of faults: what each says must hold, then that nothing is left and that the next load works. Most of a row is
 * waiting, so several rows run at a time, each in a lane of its own.
 */

import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { serveFaults, type FaultServer } from "../../support/node/fault-server";
import { Lanes } from "../../support/node/lanes";
import { closePage, openPage, runInPage, takeProblems } from "../../support/node/pages";
import type { Attempt, PlainOptions } from "../../support/page/attempt";
import { tinyCheckpoint, type TinyFiles } from "../../support/shared/tiny";
import { downloadFaults } from "./downloads";
import type { Fault, Stage } from "./fault";
import { WEIGHTS } from "./rows";

const ATTEMPT = "/test/support/page/attempt.ts";
const STORAGE = "/test/support/page/storage-faults.ts";
const WITHOUT_FAULT: PlainOptions = {
  abortAtBytes: undefined,
  abortInPhase: undefined,
  abortAfterMs: undefined,
  storage: undefined,
};

/** A model of 0.8 MB, so that a transfer takes several chunks. */
function modelFiles(): TinyFiles {
  let files: TinyFiles = {};
  tinyCheckpoint({ width: 64, vocabSize: 512 }, (made) => (files = made));
  return files;
}

const tables: Record<string, readonly Fault[]> = {
  "downloads and the store": downloadFaults,
};

/** A server and a page with a profile of its own: rows in different lanes share no storage and no locks. */
interface Lane {
  server: FaultServer;
  page: Page;
}

describe.each(Object.entries(tables))("faults: %s", (_, faults) => {
  let lanes: Lanes<Lane>;
  let expected: number[][];
  const files = modelFiles();

  /** Not `runInPage`: the browser logs failed requests as errors, which are the point here. */
  const call = async <Result>(tab: Page, module: string, name: string, ...args: unknown[]): Promise<Result> => {
    const list = JSON.stringify(args).slice(1, -1);
    return (await tab.evaluate(`import("${module}").then((module) => module.${name}(${list}))`)) as Result;
  };
  const restore = (server: FaultServer): void => {
    server.calm();
    for (const [name, data] of Object.entries(files))
      server.files.set(name, typeof data === "string" ? new TextEncoder().encode(data) : data);
  };

  beforeAll(async () => {
    lanes = await Lanes.open(3, async () => ({ server: await serveFaults(files), page: await openPage() }));
    const [{ page, server }] = lanes.all;
    const { ids, message } = await runInPage<Attempt>(page, ATTEMPT, "attempt", server.url, { cache: false });
    if (!ids) throw new Error(`The model of the faults does not load: ${message}`);
    expected = ids;
  });
  afterAll(async () => {
    for (const { page, server } of lanes.all) {
      await closePage(page);
      await server.close();
    }
  });

  const runFault = async (fault: Fault, { page, server }: Lane): Promise<void> => {
    restore(server);
    await call(page, STORAGE, "emptyStore");
    const tabs: Page[] = [];
    let sent = 0;
    const count = (): number => {
      for (const { file, sent: bytes } of server.take()) if (file === WEIGHTS) sent += bytes;
      return sent;
    };
    const stageOf = (tab: Page): Stage => ({
      page: tab,
      server,
      run: (module, name, ...args) => call(tab, module, name, ...args),
      load: (options: PlainOptions = {}, source: unknown = server.url) => {
        const { where = "worker" } = fault;
        const given = { worker: where === "engine", ...fault.options, ...options };
        return call(tab, ATTEMPT, where === "worker" ? "attemptInWorker" : "attempt", source, given);
      },
      async openTab() {
        const other = await page.browserContext().newPage();
        tabs.push(other);
        await other.goto(page.url());
        return stageOf(other);
      },
      async untilSent(bytes) {
        while (server.weigh(WEIGHTS) < bytes) await new Promise((resolve) => setTimeout(resolve, 10));
        await new Promise((resolve) => setTimeout(resolve, 1000));
      },
      sent() {
        const bytes = count();
        sent = 0;
        return bytes;
      },
    });
    const stage = stageOf(page);
    try {
      await fault.arrange?.(stage);
      stage.sent();
      const attempt = await (fault.act?.(stage) ?? stage.load());
      const outcome = attempt.ids ? "works" : (attempt.code ?? attempt.name);
      expect({ outcome, message: attempt.message }).toEqual({ outcome: fault.outcome, message: attempt.message });
      if (attempt.ids) expect(attempt.ids).toEqual(expected);
      if (fault.says) expect(attempt.message).toMatch(fault.says);
      if (fault.warns) expect(attempt.warnings).toEqual([expect.stringMatching(fault.warns)]);
      else expect(attempt.warnings).toEqual([]);
      expectMonotonic(attempt);
      await fault.holds?.(stage, attempt);

      server.calm();
      stage.sent();
      const next = await stage.load({ ...WITHOUT_FAULT, ...fault.nextOptions });
      expect({ message: next.message, ids: next.ids }).toEqual({ message: undefined, ids: expected });
      expectMonotonic(next);
      expect(next.progress.at(-1)).toMatchObject({ phase: "compile", loaded: next.progress.at(-1)?.total });
      await fault.after?.(stage, next);
      // A worker that was ended keeps its locks for a moment.
      // `expect.poll` does not know which of the tests that run at a time is this one.
      await vi.waitFor(async () => expect(await call(page, ATTEMPT, "leftovers")).toEqual({ locks: 0 }), 30_000);
      await server.idle();
    } finally {
      for (const tab of tabs) if (!tab.isClosed()) await tab.close();
      takeProblems(page);
    }
  };

  it.concurrent.each(faults.map((fault) => [fault.name, fault] as const))(
    "%s",
    (_name, fault) => lanes.use((lane) => runFault(fault, lane)),
    // The wait for a lane counts, too.
    600_000,
  );

  it("has no two rows of one name", () => {
    const names = faults.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
    expect(names.length).toBeGreaterThan(0);
  });
});

/** One stream: what has come never falls, and the total is the same in every event. */
function expectMonotonic({ progress }: Attempt): void {
  const loaded = progress.map((event) => event.loaded);
  expect(loaded).toEqual([...loaded].sort((a, b) => a - b));
  expect(new Set(progress.map(({ total }) => total)).size).toBeLessThanOrEqual(1);
}
