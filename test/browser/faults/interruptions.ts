/** Loads that end in the middle: a worker, page or tab that goes away, two tabs, aborts. */

import { expect } from "vitest";
import { stallAt, status, trickle } from "../../support/node/server-faults";
import type { Fault, Stage } from "./fault";
import { ATTEMPT, hashOf, onceInAll, sizeOf, WEIGHTS, weights } from "./rows";

/** A load that stops at 60%, is ended by `end`, and another one after it. */
const interrupted =
  (end: (stage: Stage) => Promise<Pick<Stage, "load">>): Fault["act"] =>
  async (stage) => {
    stage.server.fault(WEIGHTS, stallAt(0.6));
    // Its answer never comes.
    void stage.load().catch(() => undefined);
    await stage.untilSent(Math.floor(0.6 * sizeOf(stage)));
    const next = await end(stage);
    await stage.server.idle();
    return next.load();
  };

export const interruptions: readonly Fault[] = [
  {
    name: "the worker is ended at 60%",
    outcome: "works",
    act: interrupted(async (stage) => {
      await stage.run(ATTEMPT, "endWorker");
      return stage;
    }),
    ...onceInAll,
  },
  {
    name: "the page is reloaded at 60%",
    outcome: "works",
    act: interrupted(async (stage) => {
      await stage.page.reload();
      return stage;
    }),
    ...onceInAll,
  },
  {
    name: "the tab is closed at 60%",
    outcome: "works",
    act: async (stage) => {
      const tab = await stage.openTab();
      const act = interrupted(async () => {
        await tab.page.close();
        return stage;
      });
      return (await act?.({ ...stage, load: tab.load })) as Awaited<ReturnType<Stage["load"]>>;
    },
    ...onceInAll,
  },
  {
    name: "two tabs load the same model",
    outcome: "works",
    act: async (stage) => {
      const tab = await stage.openTab();
      const [one, two] = await Promise.all([stage.load(), tab.load()]);
      expect(two.ids).toEqual(one.ids);
      expect([...one.warnings, ...two.warnings]).toEqual([]);
      return one;
    },
    ...onceInAll,
  },
  {
    name: "two tabs, and the one that downloads is closed",
    outcome: "works",
    act: async (stage) => {
      stage.server.fault(WEIGHTS, stallAt(0.6));
      const tab = await stage.openTab();
      void tab.load().catch(() => undefined);
      await stage.untilSent(Math.floor(0.6 * sizeOf(stage)));
      const waiting = stage.load();
      await new Promise((resolve) => setTimeout(resolve, 300));
      await tab.page.close();
      return waiting;
    },
    ...onceInAll,
  },
];

export const aborts: readonly Fault[] = [
  {
    name: "abort while config.json comes",
    arrange: ({ server }: Stage) => server.always("config.json", stallAt(0)),
    options: { abortAfterMs: 300 },
  },
  { name: "abort while the weights are asked for", arrange: weights(() => undefined), options: { abortAfterMs: 500 } },
  { name: "abort at the first byte of the weights", options: { abortAtBytes: 1 } },
  { name: "abort at the half of the weights", options: { abortAtBytes: 400_000 }, arrange: weights(trickle(20, 20)) },
  { name: "abort while the weights stall", arrange: weights(stallAt(0.5)), options: { abortAfterMs: 600 } },
  {
    name: "abort while waiting for the next try",
    arrange: weights(status(503, { "retry-after": "30" })),
    options: { abortAfterMs: 600 },
  },
  {
    name: "abort while another tab has the file",
    act: async (stage: Stage) => {
      stage.server.fault(WEIGHTS, stallAt(0.5));
      const tab = await stage.openTab();
      void tab.load({ abortAfterMs: undefined }).catch(() => undefined);
      await stage.untilSent(Math.floor(0.5 * sizeOf(stage)));
      const attempt = await stage.load({ abortAfterMs: 400 });
      await tab.page.close();
      return attempt;
    },
  },
  {
    name: "abort when the hash is compared",
    options: { abortInPhase: "verify" as const },
    act: (stage: Stage) => stage.load({ integrity: { [WEIGHTS]: hashOf(stage) } }),
  },
  { name: "abort when the last bytes are uploaded", options: { abortInPhase: "upload" as const } },
  { name: "abort when the kernels are compiled", options: { abortInPhase: "compile" as const } },
  {
    name: "abort while the model is read from the store",
    options: { abortAtBytes: 1 },
    act: async (stage: Stage) => {
      expect((await stage.load({ abortAtBytes: undefined })).ids).toBeDefined();
      return stage.load();
    },
  },
].map((row): Fault => ({ outcome: "AbortError", ...row }));
