/**
 * What is done for a sentence that was under way on a device that is lost: its tokens are fed again, one position after the
 * other, by the plan that decoded them the first time. So the caches hold what they held before, to the last bit. One pass over
 * all tokens would be shorter, but by other kernels, whose sums round differently.
 */

import type { Ops } from "../../ops/ops";
import type { Session } from "./session";

/**
 * Slots that have nothing more to feed decode their last position once more, which changes nothing.
 * @param known how many tokens each of the slots is to be fed; others are left at their position
 * @param feed writes the next input of a slot: what was chosen at step `step`
 */
export async function feedAgain(
  ops: Ops,
  { decode }: Session,
  known: readonly { slot: number; count: number }[],
  feed: (slot: number, step: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const steps = Math.max(0, ...known.map(({ count }) => count));
  for (let step = 0; step < steps; step++) {
    signal?.throwIfAborted();
    await ops.submit([decode]);
    for (const { slot, count } of known) if (step < count) feed(slot, step);
  }
}
