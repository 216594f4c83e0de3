/** The decode loop's order of events: the drawing at the top of decode-loop.ts, and that no slot leaves its cache. */

import { expect, it } from "vitest";
import { createCpuBackend } from "../../../src/backends/cpu/backend";
import { createGreedySampling } from "../../../src/generation/search/greedy-sampling";
import { runDecodeLoop, type DeviceSearch } from "../../../src/generation/device/decode-loop";
import { deviceGreedySampling } from "../../../src/generation/device/greedy-sampling";
import { SessionPool } from "../../../src/generation/device/session-pool";
import type { Sentence } from "../../../src/generation/device/slots";
import { resolveConfig } from "../../../src/generation/options/resolve";
import { Parameters } from "../../../src/models/parameters";
import { familyOf } from "../../../src/models/families/registry";
import type { Ops, Plan } from "../../../src/ops/ops";
import { steadyPace } from "../../../src/ops/pace";
import { tinyConfig, tinyFields, tinyShapes } from "../../support/shared/tiny";

/** A session of two slots on the CPU, with several steps in flight. @param maxLength start token included */
async function setUp(stepsInFlight: number, maxLength: number) {
  const ops: Ops = { ...createCpuBackend(), pace: steadyPace(stepsInFlight) };
  const config = tinyConfig({ layers: 1 });
  const fields = tinyFields(config);
  const announced = [...tinyShapes(config)].map(([name, shape]) => ({ name, shape }));
  const model = familyOf(fields).build(ops, fields, new Parameters(ops, announced));
  const pool = new SessionPool(ops, model);
  const session = await pool.take({
    batchSize: 2,
    width: 1,
    endTokens: 1,
    sourceLength: 3,
    targetLength: maxLength - 1,
  });
  const search = resolveConfig({ max_length: maxLength }, {}, model.info);
  return { ops, session, config: search };
}

const late = { host: () => import("../../../src/generation/host"), onDrawn: () => undefined };
const control = { deadline: Infinity, onEncoded: () => undefined };

it("runs three sentences in two slots with two steps in flight as the drawing shows", async () => {
  const { ops, session, config } = await setUp(2, 20);
  const lengths: Record<string, number> = { A: 3, B: 5, C: 2 };
  const names = Object.keys(lengths);
  const queue = names.map((_, index): Sentence => {
    const search = createGreedySampling({
      config,
      prompt: [1],
      processors: [],
      alternatives: 0,
      taken: [],
      randoms: [],
    });
    return { index, inputIds: [3, 4], length: 2, mask: [1, 1], prompt: [1], search };
  });
  const events: string[] = [];
  let submitted = 0;
  const { submit } = ops;
  ops.submit = (plans: readonly Plan<unknown>[], slices) => {
    const isStep = plans.includes(session.decode);
    events.push(isStep ? `submit s${submitted++}` : "encode");
    return submit(plans, slices);
  };
  const fed = [0, 0];
  const scripted: DeviceSearch = {
    reads: [],
    start(slot, sentence) {
      fed[slot] = 0;
      events.push(`slot ${slot}: ${sentence ? names[sentence.index] : "--"}`);
    },
    accept(sentence, slot, { position }) {
      const name = names[sentence.index];
      expect(position).toBe(fed[slot]++);
      const ended = position + 1 === lengths[name];
      events.push(`${name}${position}${ended ? "$" : ""}`);
      return ended;
    },
  };
  for await (const _ of runDecodeLoop(ops, session, queue, control, config, scripted)) events.push("read");
  expect(events.join(" ")).toBe(
    [
      "encode slot 0: A slot 1: B",
      "submit s0 submit s1 A0 B0 read submit s2 A1 B1 read submit s3 A2$ B2 read B3 read",
      "encode slot 0: C",
      "submit s4 submit s5 C0 B4$ read submit s6 C1$ read",
    ].join(" "),
  );
});

it.each([2, 3, 5])("decodes no slot past the end of its cache with %i steps in flight", async (stepsInFlight) => {
  // No token is an end token, so every sentence fills its cache, at different times: the third starts when the first ends.
  const { ops, session, config } = await setUp(stepsInFlight, 9);
  const ends = [2, 8, 8, 3, 8];
  const queue = ends.map((end, index): Sentence => {
    const stopsAt = (sequence: readonly number[]): boolean => sequence.length > end;
    const context = { config: { ...config, eosTokenIds: [] }, prompt: [1], processors: [], alternatives: 0, taken: [] };
    return {
      index,
      inputIds: [3, 4],
      length: 2,
      mask: [1, 1],
      prompt: [1],
      search: createGreedySampling({ ...context, stopsAt, randoms: [] }),
    };
  });
  const sentences = [...queue];
  const { submit } = ops;
  let highest = 0;
  ops.submit = async (plans: readonly Plan<unknown>[], slices) => {
    if (plans.includes(session.decode)) {
      const [positions] = await submit([], [{ tensor: session.position, start: 0, count: 2 }]);
      highest = Math.max(highest, ...positions);
    }
    return submit(plans, slices);
  };
  const search = deviceGreedySampling(ops, session, { ...config, eosTokenIds: [] }, { seed: 0, logprobs: false, late });
  for await (const _ of runDecodeLoop(ops, session, queue, control, config, search));
  expect(sentences.map(({ search }) => search.results()[0].choices.length)).toEqual(ends);
  expect(highest).toBe(session.targetLength - 1);
});
