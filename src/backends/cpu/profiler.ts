/** The times of a backend that computes in this thread: a clock around every operation, and many runs. */

import { slowestFirst, type OperationTime, type Profiler } from "../../ops/profiler";

/** Milliseconds that a plan runs for, and runs, at most. Browsers round the clock to 0.1 ms; over many runs that evens out. */
const ENOUGH_MS = 150;
const MOST_RUNS = 200;
const COPIES = 8;
const BYTES = 1 << 26;

export interface TimedCommand {
  operation: string;
  compute: () => void;
}

/**
 * @param commandsOf what a plan computes
 * @param pause gives timers and aborts their turn
 */
export function createArrayProfiler(
  commandsOf: (plan: Parameters<Profiler["time"]>[0][number]) => readonly TimedCommand[],
  pause: () => Promise<void>,
): Profiler {
  return {
    clock: "wall clock",
    bytes: BYTES,
    async time(plans, prepare) {
      const commands = plans.flatMap((plan) => [...commandsOf(plan)]);
      const times = new Map<string, OperationTime>();
      let [spent, runs] = [0, 0];
      // The first run is slower: engines compile what they find to be hot.
      for (let warm = false; runs === 0 || (spent < ENOUGH_MS && runs < MOST_RUNS); warm = true) {
        prepare();
        for (const { operation, compute } of commands) {
          const begun = performance.now();
          compute();
          if (!warm) continue;
          const took = performance.now() - begun;
          const all = times.get(operation) ?? { operation, count: 0, ms: 0 };
          times.set(operation, { operation, count: all.count + 1, ms: all.ms + took });
          spent += took;
        }
        if (warm) runs++;
        await pause();
      }
      const each = [...times.values()].map(({ operation, count, ms }) => {
        return { operation, count: count / runs, ms: ms / runs };
      });
      return { ms: spent / runs, operations: slowestFirst(each) };
    },
    async copy() {
      const from = new Float32Array(BYTES / 4).fill(0.5);
      const to = new Float32Array(BYTES / 4);
      let least = Infinity;
      for (let i = 0; i < COPIES; i++) {
        const begun = performance.now();
        to.set(from);
        least = Math.min(least, performance.now() - begun);
        await pause();
      }
      return least;
    },
    end: () => undefined,
  };
}
