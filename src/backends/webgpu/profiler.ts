/** The times of a GPU: every kernel of a plan by itself, repeated so often that a pass is long against the clock. */

import copy from "../../../shaders/copy.wgsl?raw";
import { slowestFirst, type OperationTime, type Profiler } from "../../ops/profiler";
import type { Gpu } from "./device";
import { kernel } from "./kernel";
import { median, PassTimer } from "./pass-timer";
import type { Command, Dispatch, GpuPlan } from "./plan";
import type { Recorder } from "./recorder";
import type { Tensors } from "./tensors";

/** How long a pass is. Browsers round timestamps to 0.1 ms; without them, a submit has to be short against it. */
const PASS_MS = { timestamps: 2.5, "wall clock": 20 };
/** The median of so many passes counts; a software adapter is slow, and steady. */
const PASSES = { hardware: 3, software: 1 };
const COPY = { workgroup: 256, groups: 4096 };
/** What the memory is measured with; a software adapter gets less to do. */
const BYTES = { hardware: 1 << 26, software: 1 << 23 };

export const copyKernel = kernel({
  name: "copy",
  shader: { "copy.wgsl": copy },
  bindings: { x: "read", y: "write" },
  params: { count: "u32" },
  overrides: { WORKGROUP: COPY.workgroup },
});

/** Dispatches of the same kernel over the same shapes take the same time. */
const keyOf = ({ operation, kernel, grid, tensors }: Dispatch): string =>
  JSON.stringify([operation, kernel.name, grid, tensors.map(({ shape, dtype }) => [shape, dtype])]);

/** @param recorder one of its own */
export async function createGpuProfiler(gpu: Gpu, recorder: Recorder, tensors: Tensors): Promise<Profiler> {
  const timer = new PassTimer(gpu.device);
  const kind = gpu.adapter.fallback ? "software" : "hardware";
  const bytes = BYTES[kind];
  const { clock } = timer;
  const timesOf = async (commands: readonly Command[], repeats: number): Promise<number> => {
    const times: number[] = [];
    for (let i = 0; i < PASSES[kind]; i++) times.push(await timer.pass(commands, repeats));
    gpu.check();
    return median(times);
  };
  await timer.pass([], 1);
  // What a pass takes that does nothing: of the clock of this thread, a submit and the wait for its end.
  const idle = clock === "timestamps" ? 0 : await timesOf([], 1);

  /** Milliseconds of one run of these commands. */
  async function timeOf(commands: readonly Command[]): Promise<number> {
    const repeats = await timer.repeats(commands, PASS_MS[clock] + idle);
    return Math.max(0, (await timesOf(commands, repeats)) - idle) / repeats;
  }

  return {
    clock,
    bytes,
    async time(given, prepare) {
      const plans = given as GpuPlan[];
      prepare();
      const ms = await timeOf(plans.flatMap(({ commands }) => commands));
      const kinds = new Map<string, { command: Command; dispatch: Dispatch; count: number }>();
      for (const { dispatches, commands } of plans) {
        for (const [i, dispatch] of dispatches.entries()) {
          const known = kinds.get(keyOf(dispatch));
          if (known) known.count++;
          else kinds.set(keyOf(dispatch), { command: commands[i], dispatch, count: 1 });
        }
      }
      const times = new Map<string, OperationTime>();
      for (const { command, dispatch, count } of kinds.values()) {
        prepare();
        const took = count * (await timeOf([command]));
        const [operation, kernel] = [dispatch.operation, dispatch.kernel.name];
        const all = times.get(`${operation} ${kernel}`) ?? { count: 0, ms: 0 };
        times.set(`${operation} ${kernel}`, { operation, kernel, count: all.count + count, ms: all.ms + took });
      }
      return { ms, operations: slowestFirst(times.values()) };
    },
    async copy() {
      const words = bytes / 4;
      const x = tensors.create([words], "f32", "activations", new Float32Array(words).fill(0.5));
      const y = tensors.create([words], "f32", "activations");
      try {
        const plan = await recorder.record("copy", () =>
          recorder.dispatch(copyKernel, { x, y }, { count: words / 4 }, [COPY.groups, 1, 1]),
        );
        try {
          return await timeOf(plan.commands);
        } finally {
          for (const buffer of plan.buffers) gpu.destroyBuffer(buffer);
        }
      } finally {
        tensors.free([x, y]);
      }
    },
    end: () => timer.destroy(),
  };
}
