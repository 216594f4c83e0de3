/** The dispatches of a plan, as the fake GPU kept them: which kernel, with which parameters, over how many bytes. */

import type { Kernel } from "../../src/backends/webgpu/kernel";
import type { GpuPlan } from "../../src/backends/webgpu/plan";
import type { Plan } from "../../src/ops/ops";
import type { FakeGroup } from "./fake-gpu";

export interface Dispatched {
  kernel: Kernel;
  params: Readonly<Record<string, number>>;
  /** Bytes of each buffer, by the name of its binding. */
  bytes: Readonly<Record<string, number>>;
  grid: readonly [x: number, y: number, z: number];
  workgroups: number;
}

const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

/** @param kernels of the tuning that the plan was recorded with */
export function dispatchesOf(plan: Plan, kernels: ReadonlyMap<string, Kernel>): Dispatched[] {
  return (plan as GpuPlan).commands.map(({ pipeline, bindGroup, grid }) => {
    const kernel = kernels.get(pipeline.label);
    if (!kernel) throw new Error(`no kernel of the tuning is named ${pipeline.label}`);
    const { entries } = bindGroup as unknown as FakeGroup;
    const bindings = Object.keys(kernel.bindings);
    const { buffer, offset = 0 } = entries[bindings.length].resource;
    const params = Object.entries(kernel.params).map(([name, type], i): [string, number] => {
      bits[0] = buffer.words?.[offset / 4 + i] ?? 0;
      return [name, type === "f32" ? floats[0] : bits[0]];
    });
    return {
      kernel,
      params: Object.fromEntries(params),
      bytes: Object.fromEntries(bindings.map((name, i) => [name, entries[i].resource.buffer.size])),
      grid,
      workgroups: grid[0] * grid[1] * grid[2],
    };
  });
}
