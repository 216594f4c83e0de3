/** Times the cases of cases.ts with several sets of kernels, in turn, so that all meet the same state of the machine. */

import type { GpuPlan } from "../../src/backends/webgpu/plan";
import { Inputs, type KernelCase } from "./cases";
import { median, PassTimer } from "../../src/backends/webgpu/pass-timer";
import type { Opened } from "./device";

export interface KernelTime {
  /** Microseconds: the median of the rounds, and the least. */
  us: number;
  least: number;
  dispatches: number;
  /** The kernels that ran, and the workgroups of all of them. */
  kernels: string[];
  workgroups: number;
}

/** Copies of weights and caches together are larger than the cache of any GPU; a software adapter has none of its own. */
const COLD_BYTES = 192 << 20;
const MOST_COPIES = 256;
const ROUNDS = 5;
/** A GPU that has waited for its inputs is slow at first: it works for so long (ms) before it is timed. */
const WARM_UP = 250;
/** Milliseconds that a pass should take. */
export const PASS = 12;

/** The time of a case with each set of kernels, by the set's name. */
export async function timeCase(
  testCase: KernelCase,
  sets: ReadonlyMap<string, Opened>,
  software: boolean,
): Promise<Record<string, KernelTime>> {
  const copies = software ? 1 : Math.max(1, Math.min(MOST_COPIES, Math.ceil(COLD_BYTES / testCase.cold)));
  const jobs = [];
  for (const [name, { ops, device }] of sets) {
    const inputs = new Inputs(ops, device, copies);
    const turn = testCase.prepare(inputs);
    const plan = (await ops.record("bench", () => {
      for (let i = 0; i < copies; i++) turn(i);
    })) as GpuPlan;
    const timer = new PassTimer(device);
    jobs.push({
      name,
      ops,
      inputs,
      plan,
      timer,
      repeats: await timer.repeats(plan.commands, PASS),
      times: [] as number[],
    });
  }
  for (const end = performance.now() + (software ? 0 : WARM_UP); performance.now() < end;) {
    for (const { plan, timer, repeats } of jobs) await timer.pass(plan.commands, repeats);
  }
  for (let round = 0; round < (software ? 3 : ROUNDS); round++) {
    for (const { plan, timer, repeats, times } of jobs) {
      times.push((1000 * (await timer.pass(plan.commands, repeats))) / repeats / copies);
    }
  }
  const result: Record<string, KernelTime> = {};
  for (const { name, ops, inputs, plan, timer, times } of jobs) {
    const commands = plan.commands.slice(0, plan.commands.length / copies);
    result[name] = {
      us: median(times),
      least: Math.min(...times),
      dispatches: commands.length,
      kernels: [...new Set(commands.map(({ pipeline }) => pipeline.label))],
      workgroups: commands.reduce((sum, { grid }) => sum + grid[0] * grid[1] * grid[2], 0),
    };
    ops.release(plan);
    inputs.free();
    timer.destroy();
  }
  return result;
}
