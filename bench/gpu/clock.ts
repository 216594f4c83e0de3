/**
 * How long the GPU takes: timestamps at both ends of a compute pass, where the device has them, else the wall clock from the
 * submit to its end. A pass repeats what is measured so often that the ends do not count.
 */

export interface Command {
  pipeline: GPUComputePipeline;
  bindGroup: GPUBindGroup;
  grid: readonly [x: number, y: number, z: number];
}

/** How long a pass should take at least, in milliseconds, and how many dispatches it has at most. */
const PASS = 12;
const MOST_DISPATCHES = 4096;

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

export class Clock {
  private readonly queries?: { set: GPUQuerySet; resolved: GPUBuffer; read: GPUBuffer };

  constructor(readonly device: GPUDevice) {
    if (!device.features.has("timestamp-query")) return;
    this.queries = {
      set: device.createQuerySet({ type: "timestamp", count: 2 }),
      resolved: device.createBuffer({ size: 256, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC }),
      read: device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST }),
    };
  }

  get kind(): "timestamps" | "wall clock" {
    return this.queries ? "timestamps" : "wall clock";
  }

  /** Milliseconds of one pass that does `commands` `repeats` times. */
  async pass(commands: readonly Command[], repeats: number): Promise<number> {
    const { device, queries } = this;
    const encoder = device.createCommandEncoder();
    const timestampWrites = queries && {
      querySet: queries.set,
      beginningOfPassWriteIndex: 0,
      endOfPassWriteIndex: 1,
    };
    const pass = encoder.beginComputePass({ timestampWrites });
    for (let i = 0; i < repeats; i++) {
      for (const { pipeline, bindGroup, grid } of commands) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindGroup);
        pass.dispatchWorkgroups(...grid);
      }
    }
    pass.end();
    if (queries) {
      encoder.resolveQuerySet(queries.set, 0, 2, queries.resolved, 0);
      encoder.copyBufferToBuffer(queries.resolved, 0, queries.read, 0, 16);
    }
    const buffer = encoder.finish();
    const started = performance.now();
    device.queue.submit([buffer]);
    if (!queries) {
      await device.queue.onSubmittedWorkDone();
      return performance.now() - started;
    }
    await queries.read.mapAsync(GPUMapMode.READ);
    const [begin, end] = new BigUint64Array(queries.read.getMappedRange());
    queries.read.unmap();
    return Number(end - begin) / 1e6;
  }

  /** How often `commands` have to be repeated to fill a pass; runs them, so that they are warm. */
  async repeats(commands: readonly Command[]): Promise<number> {
    const most = Math.max(1, Math.floor(MOST_DISPATCHES / commands.length));
    let repeats = 1;
    for (;;) {
      const took = await this.pass(commands, repeats);
      if (took >= PASS / 2 || repeats >= most) return repeats;
      repeats = Math.min(most, Math.ceil(repeats * Math.min(16, (1.2 * PASS) / Math.max(took, 0.01))));
    }
  }
}
