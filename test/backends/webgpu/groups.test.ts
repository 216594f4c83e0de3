/** What a device chooses from: every variant records its work and its tests, and each field of the tuning can be set by hand. */

import { describe, expect, it } from "vitest";
import { fakeAdapter } from "../../../bench/cost/fake-gpu";
import { createCpuBackend } from "../../../src/backends/cpu/backend";
import { createWebGpuBackend } from "../../../src/backends/webgpu/backend";
import { groups as ofEveryModel, versionOf } from "../../../src/backends/webgpu/groups";
import { checkKernels } from "../../../src/backends/webgpu/kernel-options";
import { kernelsOf } from "../../../src/backends/webgpu/operations";
import type { GpuPlan } from "../../../src/backends/webgpu/plan";
import { agree, run, Samples } from "../../../src/backends/webgpu/self-test";
import { EARLIER_GPU_TUNING, GPU_TUNING, SOFTWARE_TUNING } from "../../../src/backends/webgpu/tuning";
import { more } from "../../support/shared/audio-operations";

const groups = [...ofEveryModel, ...more.gpu.groups];

describe.each(groups.map((group) => [group.name, group] as const))("%s", (_, { fields, variants, work, tests }) => {
  it("begins with what is suggested for GPUs", () => {
    expect({ ...GPU_TUNING, ...variants[0].tuning }).toEqual(GPU_TUNING);
  });

  it("sets its own fields only, differently in each variant", () => {
    for (const { tuning } of variants) for (const field of Object.keys(tuning)) expect(fields).toContain(field);
    expect(new Set(variants.map(({ tuning }) => JSON.stringify(tuning))).size).toBe(variants.length);
  });

  it.each(variants.map(({ name, tuning }) => [name, tuning] as const))(
    "%s records work of its own",
    async (_, tuning) => {
      const record = async (of: Partial<typeof GPU_TUNING>): Promise<string[]> => {
        const { ops } = await createWebGpuBackend({ ...GPU_TUNING, ...of }, fakeAdapter(), more);
        const recorded = work(new Samples(ops, "f32"));
        const plan = (await ops.record("work", () => recorded(ops))) as GpuPlan;
        for (const { test } of tests) await ops.record("test", test(new Samples(ops, "q8")));
        const known = kernelsOf({ ...GPU_TUNING, ...of }, more);
        return plan.commands.map(({ pipeline: { label } }) => {
          const kernel = known.find(({ name }) => name === label);
          return `${kernel?.code} ${JSON.stringify(kernel?.overrides)}`;
        });
      };
      const mine = await record(tuning);
      expect(mine.length).toBeGreaterThan(0);
      for (const other of variants) {
        if (other.tuning !== tuning) expect(await record(other.tuning)).not.toEqual(mine);
      }
    },
  );

  it.each(tests.map(({ name, test }) => [name, test] as const))(
    "%s has results on the CPU that a wrong one differs from",
    async (_, test) => {
      const [first, second] = [
        await run(createCpuBackend("f32", more), "f32", test),
        await run(createCpuBackend("f32", more), "f32", test),
      ];
      expect(agree(first, second)).toBe(true);
      for (const values of second) {
        const at = values.findIndex((value) => Math.abs(value) > 0.1);
        const right = values[at];
        values[at] = right + 1;
        expect(agree(first, second)).toBe(false);
        values[at] = right;
      }
    },
  );
});

it("every field of the tuning that the presets set differently belongs to a group, but one that goes with another", () => {
  const fields = Object.keys(GPU_TUNING) as (keyof typeof GPU_TUNING)[];
  const differing = fields.filter((field) => GPU_TUNING[field] !== EARLIER_GPU_TUNING[field]);
  const chosen = groups.flatMap((group) => group.fields);
  expect(differing.filter((field) => !chosen.includes(field))).toEqual(["matmulRows"]);
});

it("kernels may be set to what any preset has", () => {
  for (const tuning of [GPU_TUNING, EARLIER_GPU_TUNING, SOFTWARE_TUNING]) expect(checkKernels(tuning)).toBe(tuning);
});

it("a device without subgroups refuses kernels that need them", async () => {
  const tuning = { ...GPU_TUNING, reduction: "subgroups" } as const;
  await expect(createWebGpuBackend(tuning, fakeAdapter({}, []), more)).rejects.toThrow("has no subgroups");
  await expect(createWebGpuBackend(GPU_TUNING, fakeAdapter({}, []), more)).resolves.toBeDefined();
});

it("another version has another name", () => {
  expect(versionOf(GPU_TUNING)).toBe(versionOf({ ...GPU_TUNING }));
  expect(versionOf(GPU_TUNING)).not.toBe(versionOf(EARLIER_GPU_TUNING));
});
