/**
 * What a token and an encoder layer cost, counted without a GPU, for every family at the size of a real model: dispatches, bytes,
 * operations, workgroups, barriers, and what a step creates.
 */

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { barriersOf, costOf, COSTS, fileOf, readsData, sumOf } from "../../../bench/cost/costs";
import type { Dispatched } from "../../../bench/cost/dispatches";
import { BASE, enlarged, more as operations, plansOf, type Plans } from "../../../bench/cost/models";
import { kernelsOf } from "../../../src/backends/webgpu/operations";
import { EARLIER_GPU_TUNING, GPU_TUNING, SOFTWARE_TUNING } from "../../../src/backends/webgpu/tuning";
import { modelTypes, speechTypes } from "../../../src/models/families/registry";
import { FAMILIES, onePerFamily } from "../../support/node/families";
import { SPEECH, speechNames } from "../../support/node/speech-models";

type Config = Record<string, unknown>;

const configOf = (folder: string) => JSON.parse(readFileSync(`${folder}/config.json`, "utf8")) as Config;
/** The first checkpoint of each type that reads sound. */
const speech = speechNames.map((name) => configOf(`${SPEECH}/${name}`));
const configs = [
  ...speechTypes.flatMap((type) => speech.filter(({ model_type }) => model_type === type).slice(0, 1)),
  ...onePerFamily().map((name) => configOf(`${FAMILIES}/${name}`)),
  configOf(`${FAMILIES}/t5-relu`),
  configOf("test/goldens/vanilla/pre-norm-learned-silu"),
  configOf("test/goldens/vanilla/post-norm-learned-gelu-bias"),
];
const isMoonshine = ({ model_type }: Config): boolean => String(model_type).startsWith("moonshine");
const isGated = (config: Config): boolean =>
  isMoonshine(config) || String(config.feed_forward_proj).startsWith("gated");
const nameOf = (config: Config): string => {
  const { model_type, norm_first } = config;
  const order = norm_first === undefined ? "" : norm_first ? ", pre-norm" : ", post-norm";
  return `${String(model_type)}${order}${isGated(config) ? ", gated" : ""}`;
};

const MIB = 2 ** 20;
const ONCE = { ...GPU_TUNING, matvec: "rows" } as const;
const { layers } = BASE;

const isProduct = (dispatched: Dispatched): boolean => /^mat(vec|mul)/.test(fileOf(dispatched));
const ratioOf = (dispatches: readonly Dispatched[]) => {
  const { read, needed, flop, flopNeeded } = sumOf(dispatches.map(costOf));
  return { read: read / needed, flop: flop / flopNeeded };
};

it("every family is counted", () => {
  expect([...new Set(configs.map(({ model_type }) => model_type))].sort()).toEqual(
    [...modelTypes, ...speechTypes].sort(),
  );
});

it("every kernel that reads weights or a cache has a cost", () => {
  const tunings = [GPU_TUNING, EARLIER_GPU_TUNING, SOFTWARE_TUNING];
  const all = tunings.flatMap((tuning) => kernelsOf(tuning, operations));
  const files = new Set(all.filter(readsData).map((kernel) => fileOf({ kernel })));
  expect([...files].sort()).toEqual(Object.keys(COSTS).sort());
});

describe.each(configs.map((config) => [nameOf(config), config] as const))("%s", (_, config) => {
  const fields = enlarged(config, BASE);
  let greedy: Plans, beams: Plans, batch: Plans, sampling: Plans, open: Plans;
  /** The same with the kernels that read the weights once for all rows. */
  let once: Plans[];
  beforeAll(async () => {
    const sizes = { source: 32, target: 64 };
    const workloads = [
      { sentences: 1, beams: 1, ...sizes },
      { sentences: 1, beams: 4, ...sizes },
      { sentences: 16, beams: 1, ...sizes },
      { sentences: 1, beams: 1, candidates: { count: 64, open: false }, ...sizes },
      { sentences: 1, beams: 1, candidates: { count: 64, open: true }, ...sizes },
    ];
    [greedy, beams, batch, sampling, open] = await Promise.all(
      workloads.map((workload) => plansOf(fields, workload, GPU_TUNING)),
    );
    once = await Promise.all(workloads.map((workload) => plansOf(fields, workload, ONCE)));
  });

  it.each([
    ["greedy search", 1, 1, undefined, 3, 4],
    // A tile for the vocabulary keeps no maxima and does not normalise.
    ["greedy search of 16 sentences", 16, 1, undefined, 5, 6],
    ["4 beams", 1, 4, undefined, 4, 6],
    ["sampling", 1, 1, { count: 64, open: false }, 4, 5],
    ["sampling without top_k", 1, 1, { count: 64, open: true }, 5, 6],
  ])(
    "%s: 8 dispatches per decoder layer and few more",
    async (_, sentences, beams, candidates, more, moreWithRules) => {
      const workload = { sentences, beams, candidates, source: 32, target: 64 };
      const { step, perStep } = await plansOf(fields, workload, GPU_TUNING);
      // The end of a vanilla post-norm decoder is the norm of a norm.
      const norms = config.norm_first === false && sentences > 8 ? 1 : 0;
      expect(step.length).toBe(8 * layers + more + norms);
      expect(perStep.dispatches).toBe(step.length);
      const withRules = await plansOf(fields, { ...workload, rules: true }, GPU_TUNING);
      expect(withRules.step.length).toBe(8 * layers + moreWithRules + norms);
    },
  );

  it.each([
    ["a GPU", GPU_TUNING],
    ["a software adapter", SOFTWARE_TUNING],
  ])("takes as many where query and key do not begin at a multiple of four, on %s", async (_, tuning) => {
    const odd = { width: 18, inner: 27, heads: 3, layers: 2, vocabulary: 101 };
    const { step } = await plansOf(enlarged(config, odd), { sentences: 1, beams: 1, source: 7, target: 9 }, tuning);
    // There a norm of a norm takes a dispatch.
    const more = config.norm_first === false && tuning === SOFTWARE_TUNING ? 1 : 0;
    expect(step.length).toBe(8 * odd.layers + 3 + more);
  });

  it("takes at most 7 dispatches per encoder layer", async () => {
    for (const source of [32, 512]) {
      const workload = { sentences: 1, beams: 1, source, target: 64 };
      const whole = await plansOf(fields, workload, GPU_TUNING);
      const half = await plansOf(enlarged(config, BASE, layers / 2), workload, GPU_TUNING);
      const perLayer = (whole.encode.length - half.encode.length) / (layers / 2);
      expect(perLayer).toBeLessThanOrEqual(7);
    }
  });

  it("reads each weight and each key once per step, for all beams and sentences together", () => {
    for (const { step } of [greedy, beams, batch, sampling, ...once])
      expect(ratioOf(step).read).toBeLessThanOrEqual(1.05);
  });

  it("computes hardly more than is needed", async () => {
    for (const { step } of [greedy, beams, batch, ...once]) expect(ratioOf(step).flop).toBeLessThanOrEqual(1.15);
    for (const source of [32, 224, 512, 1536]) {
      const { encode } = await plansOf(fields, { sentences: 1, beams: 1, source, target: 8 }, GPU_TUNING);
      expect([source, ratioOf(encode).flop <= 1.15, ratioOf(encode).flop]).toEqual([source, true, expect.anything()]);
    }
  });

  it("divides every product of more than 1 MB of weights among at least 64 workgroups", () => {
    const products = [greedy, beams, batch, ...once]
      .flatMap(({ step, encode }) => [...step, ...encode])
      .filter(isProduct);
    const large = products.filter(({ bytes }) => bytes.w > MIB);
    expect(large.length).toBeGreaterThan(3 * 6 * layers);
    expect(large.filter(({ workgroups }) => workgroups < 64).map(({ kernel }) => kernel.name)).toEqual([]);
  });

  it("meets at most 3 barriers in a product that reads the weights once for all rows", () => {
    const files = ["matvec_rows.wgsl", "matvec_score.wgsl"];
    const few = once.flatMap(({ step }) => step).filter((dispatched) => files.includes(fileOf(dispatched)));
    expect(few.length).toBeGreaterThan(0);
    for (const dispatched of few) {
      // The norm of a norm costs a barrier instead of a dispatch.
      const twice = dispatched.kernel.entryPoint === "score_twice" ? 1 : 0;
      expect(barriersOf(dispatched)).toEqual({ once: 3 + twice, looped: 0 });
    }
  });

  it("makes no buffer, no bind group, no pipeline and no write per step", () => {
    for (const { perStep } of [greedy, beams, batch, sampling, open]) {
      expect(perStep).toMatchObject({
        submits: 1,
        readbacks: 1,
        buffers_created: 0,
        bind_groups_created: 0,
        buffer_writes: 0,
        pipelines_created: 0,
      });
    }
  });
});

describe("barriers are counted", () => {
  const kernelOf = (code: string) => ({ kernel: { ...kernelsOf(GPU_TUNING)[0], entryPoint: "main", code } });

  it.each([
    ["fn main() { workgroupBarrier(); // workgroupBarrier();\n }", { once: 1, looped: 0 }],
    ["fn main() { for (;;) { workgroupBarrier(); } workgroupBarrier(); }", { once: 1, looped: 1 }],
    [
      "fn two() { workgroupBarrier(); workgroupBarrier(); } fn main() { two(); for (;;) { two(); } }",
      { once: 2, looped: 2 },
    ],
    ["fn other() { workgroupBarrier(); } fn main() { }", { once: 0, looped: 0 }],
  ])("%s", (code, expected) => {
    expect(barriersOf(kernelOf(code))).toEqual(expected);
  });
});
