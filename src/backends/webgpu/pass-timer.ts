/**
 * How long the GPU takes: timestamps at both ends of a compute pass, where the device has them, else the wall clock from the
 * submit to its end. A pass repeats what is measured so often that its ends do not count.
 */

import type { Command } from "./plan";

/** At most so many dispatches make a pass. */
const MOST_DISPATCHES = 4096;

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Some commands, and how often a pass does them. */
export type Work = readonly [commands: readonly Command[], repeats: number];

export class PassTimer {
  /** Milliseconds of all passes so far. */
  spent = 0;
  private readonly queries?: { set: GPUQuerySet; resolved: GPUBuffer; read: GPUBuffer };

  /** @param most passes of one submit */
  constructor(
    readonly device: GPUDevice,
    most = 1,
  ) {
    if (!device.features.has("timestamp-query")) return;
    const size = 16 * most;
    this.queries = {
      set: device.createQuerySet({ type: "timestamp", count: 2 * most }),
      resolved: device.createBuffer({ size, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC }),
      read: device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST }),
    };
  }

  get clock(): "timestamps" | "wall clock" {
    return this.queries ? "timestamps" : "wall clock";
  }

  /** Milliseconds of one pass that does `commands` `repeats` times. */
  async pass(commands: readonly Command[], repeats: number): Promise<number> {
    const [took] = await this.passes([[commands, repeats]]);
    return took;
  }

  /** Milliseconds of several passes, one after another; with timestamps they are one submit. */
  async passes(list: readonly Work[]): Promise<number[]> {
    const times = this.queries ? await this.stamped(list, this.queries) : await this.watched(list);
    for (const took of times) this.spent += took;
    return times;
  }

  private async stamped(list: readonly Work[], { set, resolved, read }: NonNullable<PassTimer["queries"]>) {
    const encoder = this.device.createCommandEncoder();
    for (const [i, work] of list.entries()) {
      const timestampWrites = { querySet: set, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 };
      encode(encoder, work, { timestampWrites });
    }
    const bytes = 16 * list.length;
    encoder.resolveQuerySet(set, 0, 2 * list.length, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, read, 0, bytes);
    this.device.queue.submit([encoder.finish()]);
    await read.mapAsync(GPUMapMode.READ, 0, bytes);
    const stamps = new BigUint64Array(read.getMappedRange(0, bytes));
    const times = list.map((_, i) => Number(stamps[2 * i + 1] - stamps[2 * i]) / 1e6);
    read.unmap();
    return times;
  }

  private async watched(list: readonly Work[]): Promise<number[]> {
    const times: number[] = [];
    for (const work of list) {
      const encoder = this.device.createCommandEncoder();
      encode(encoder, work, {});
      const buffer = encoder.finish();
      const started = performance.now();
      this.device.queue.submit([buffer]);
      await this.device.queue.onSubmittedWorkDone();
      times.push(performance.now() - started);
    }
    return times;
  }

  /**
   * How often `commands` have to be repeated for a pass of about `ms` milliseconds; runs them, so that they are warm.
   */
  async repeats(commands: readonly Command[], ms: number): Promise<number> {
    const most = Math.max(1, Math.floor(MOST_DISPATCHES / commands.length));
    let repeats = 1;
    for (;;) {
      const took = await this.pass(commands, repeats);
      if (took >= ms / 2 || repeats >= most) return repeats;
      repeats = Math.min(most, Math.ceil(repeats * Math.min(16, (1.2 * ms) / Math.max(took, 0.01))));
    }
  }

  destroy(): void {
    if (!this.queries) return;
    const { set, resolved, read } = this.queries;
    for (const object of [set, resolved, read]) object.destroy();
  }
}

function encode(encoder: GPUCommandEncoder, [commands, repeats]: Work, descriptor: GPUComputePassDescriptor): void {
  const pass = encoder.beginComputePass(descriptor);
  for (let i = 0; i < repeats; i++) {
    for (const { pipeline, bindGroup, grid } of commands) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(...grid);
    }
  }
  pass.end();
}
