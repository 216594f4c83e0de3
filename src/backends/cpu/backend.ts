/**
 * The CPU backend: a plan is a list of closures over arrays. The others are tested against it, and it runs models where
 * there is neither a GPU nor WebAssembly.
 */

import { invariant } from "../../errors";
import { zeroCounters, type Ops, type Plan } from "../../ops/ops";
import { createOperations } from "../../ops/front";
import type { MoreOperations, WholeImplementation } from "../../ops/operations";
import { steadyPace } from "../../ops/pace";
import { loadPart } from "../../util/part";
import type { Arithmetic } from "./int8";
import { createImplementation } from "./operations";
import type { TimedCommand } from "./profiler";
import { createTensors, type CpuTensor } from "./tensors";

interface CpuPlan<T> extends Plan<T> {
  readonly commands: TimedCommand[];
  readonly temporaries: CpuTensor[];
}

export const createCpuBackend = (arithmetic: Arithmetic = "f32", more?: MoreOperations): Ops =>
  createArrayBackend("cpu", createTensors(), createImplementation(arithmetic), more);

/** A backend that computes at once, on arrays: this one and that of backends/wasm. */
export function createArrayBackend(
  device: "cpu" | "wasm",
  { memory, checkAlive, create, write, writePacked, copy, read, free, dispose }: ReturnType<typeof createTensors>,
  implementation: WholeImplementation,
  more?: MoreOperations,
): Ops {
  let recording: { commands: TimedCommand[]; temporaries: CpuTensor[] } | undefined;

  function current() {
    invariant(recording, "an operation was called outside record()");
    return recording;
  }

  return {
    device,
    pace: steadyPace(1),
    create,
    write,
    writePacked,
    copy,
    free,

    record<T>(_label: string, body: () => T): Promise<Plan<T>> {
      invariant(!recording, "record() inside record()");
      recording = { commands: [], temporaries: [] };
      const { commands, temporaries } = recording;
      try {
        return Promise.resolve({ outputs: body(), commands, temporaries });
      } finally {
        recording = undefined;
      }
    },
    async submit(plans, wanted = []) {
      checkAlive();
      for (const plan of plans as CpuPlan<unknown>[]) for (const { compute } of plan.commands) compute();
      const copies = wanted.map(read);
      // A pause between submits, so that timers, aborts and the page get their turn.
      await pause();
      return copies;
    },
    release(plan) {
      free((plan as CpuPlan<unknown>).temporaries);
    },

    check: checkAlive,
    counters: zeroCounters,
    memory: () => ({ ...memory }),
    async profiler() {
      const { createArrayProfiler } = await loadPart("measures operations", () => import("./profiler"));
      return createArrayProfiler((plan) => (plan as CpuPlan<unknown>).commands, pause);
    },
    dispose,

    ...createOperations(
      {
        temporary(shape, dtype) {
          const { temporaries } = current();
          const made = create(shape, dtype, "activations");
          temporaries.push(made);
          return made;
        },
        // The loops see the arrays as they are when the plan runs.
        append: (compute, operation) => void current().commands.push({ operation, compute }),
      },
      implementation,
      more,
    ),
  };
}

/** A macrotask without the 4 ms clamp that nested `setTimeout` calls get. */
const pause = (): Promise<void> =>
  new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      resolve();
    };
    channel.port2.postMessage(null);
  });
