/** The kernels on several threads, and from which size of a call on that is worth its cost. */

import type { Kernels } from "./kernels";
import type { Space } from "./memory";
import { SUM } from "./numbers";
import { startPool, type Pool } from "./pool";
import { splitKernels } from "./split";
import { warnOfThreads, type ThreadOptions } from "./thread-count";

/** Where a number of threads was asked for, calls of so many multiplications are cut: about 4 microseconds of one thread. */
const SMALLEST = 1 << 16;

/** The kernels on so many threads, or on this one where others can't be had or would not pay; `end` ends the others. */
export async function startThreads(
  count: number,
  options: ThreadOptions,
  module: WebAssembly.Module,
  kernels: Kernels,
  space: Space,
): Promise<{ split: Kernels; end: () => void }> {
  const alone = { split: kernels, end: (): void => undefined };
  let pool: Pool;
  try {
    pool = await startPool(count, module, kernels, space);
  } catch (error) {
    warnOfThreads(options, error);
    return alone;
  }
  const measured = options.threads === "auto" ? smallestWorthwhile(kernels, pool, space) : SMALLEST;
  const smallest = options.smallest ?? measured;
  if (smallest === undefined) {
    pool.dispose();
    return alone;
  }
  return { split: splitKernels(kernels, pool, space, smallest), end: pool.dispose };
}

/** One row of x by so many columns of so many elements. */
const PROBE = { k: 512, columns: [64, 256, 1024, 4096] };
/** Of each size. Milliseconds. */
const PROBE_TIME = 4;
/** What two threads must save at least, so that chance does not decide. */
const GAIN = 0.85;

/**
 * The smallest product that the pool computes faster than one thread does; `undefined` where it gains nothing. Takes at most
 * about 20 ms.
 */
export function smallestWorthwhile(kernels: Kernels, pool: Pool, space: Space): number | undefined {
  const { k, columns } = PROBE;
  const most = columns[columns.length - 1];
  const sizes = [4 * k, 4 * k * most, 4 * most, kernels.productScratch(1, k, SUM)];
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const x = space.take(bytes);
  new Float32Array(space.memory.buffer, x, k + k * most).fill(0.5);
  const [w, y, scratch] = [x + sizes[0], x + sizes[0] + sizes[1], x + sizes[0] + sizes[1] + sizes[2]];
  const split = splitKernels(kernels, pool, space, 0);
  const best = (of: Kernels, n: number): number => {
    let least = Infinity;
    const end = performance.now() + PROBE_TIME / 2;
    for (let now = performance.now(); now < end;) {
      // As often as a clock of few microseconds can tell apart.
      for (let times = most / n; times > 0; times--) of.product(0, x, w, y, 4 * n, 1, n, k, SUM, scratch);
      const then = performance.now();
      least = Math.min(least, then - now);
      now = then;
    }
    return least;
  };
  let smallest: number | undefined;
  for (const n of columns) {
    if (best(split, n) > GAIN * best(kernels, n)) smallest = undefined;
    else smallest ??= n * k;
  }
  space.give(x, bytes);
  return smallest;
}
