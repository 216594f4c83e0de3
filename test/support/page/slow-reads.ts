/** A browser that looks for results every 100 ms, as Firefox does: `mapAsync` resolves only at such a moment. */

import type { Stats } from "../../../src/index";
import { loadInThisThread } from "../shared/in-this-thread";
import { tinyCheckpoint } from "../shared/tiny";

const POLL = 100; // ms

export interface SlowReads {
  sequences: { before: number[][]; slow: number[][] };
  before: Stats;
  slow: Stats;
  /** Moments at which something could be read during the last call. */
  polls: number;
}

export async function generateWithSlowReads(tokens: number): Promise<SlowReads> {
  const model = await loadInThisThread(tinyCheckpoint({ layers: 1 }), {
    device: "webgpu",
    onWarning: () => undefined,
  });
  const options = { max_new_tokens: tokens, min_new_tokens: tokens };
  const before = await model.generate([5, 6, 7], options);
  const original = GPUBuffer.prototype.mapAsync;
  const moments = new Set<number>();
  GPUBuffer.prototype.mapAsync = async function (this: GPUBuffer, ...args) {
    await original.apply(this, args);
    const moment = Math.ceil(performance.now() / POLL) * POLL;
    await new Promise((resolve) => setTimeout(resolve, moment - performance.now()));
    moments.add(moment);
  };
  try {
    await model.generate([5, 6, 7], options); // the pace adapts
    moments.clear();
    const slow = await model.generate([5, 6, 7], options);
    return {
      sequences: { before: before.sequences, slow: slow.sequences },
      before: before.stats,
      slow: slow.stats,
      polls: moments.size,
    };
  } finally {
    GPUBuffer.prototype.mapAsync = original;
    await model.dispose();
  }
}
