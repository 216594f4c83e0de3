/**
 * GPU time of what the engine submits by itself: compute passes get timestamps while this is on. `"passes"` times whole passes,
 * `"dispatches"` splits every pass, one dispatch each, to see which kernel takes how long; split, all of it is slower.
 */

type Mode = "off" | "passes" | "dispatches";

const MOST = 4096;

interface Timed {
  device: GPUDevice;
  set: GPUQuerySet;
  labels: string[];
}

let mode: Mode = "off";
let timed: Timed | undefined;

export interface PassTimes {
  /** Microseconds of each pass, or of each dispatch, in order. */
  us: number[];
  /** The kernel of each dispatch. */
  labels: string[];
}

function next(label: string): GPUComputePassTimestampWrites | undefined {
  if (!timed || timed.labels.length >= MOST / 2) return undefined;
  const i = timed.labels.push(label) - 1;
  return { querySet: timed.set, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 };
}

/** Stands for a pass and makes one of every dispatch. */
class SplitPass {
  private pipeline?: GPUComputePipeline;
  private group?: GPUBindGroup;

  constructor(private readonly begin: (descriptor: GPUComputePassDescriptor) => GPUComputePassEncoder) {}

  setPipeline(pipeline: GPUComputePipeline): void {
    this.pipeline = pipeline;
  }

  setBindGroup(_: number, group: GPUBindGroup): void {
    this.group = group;
  }

  dispatchWorkgroups(x: number, y?: number, z?: number): void {
    const pass = this.begin({ timestampWrites: next(this.pipeline?.label ?? "") });
    pass.setPipeline(this.pipeline as GPUComputePipeline);
    pass.setBindGroup(0, this.group);
    pass.dispatchWorkgroups(x, y, z);
    pass.end();
  }

  end(): void {
    this.pipeline = undefined;
  }
}

let installed = false;

function install(): void {
  if (installed) return;
  installed = true;
  const { beginComputePass } = GPUCommandEncoder.prototype;
  GPUCommandEncoder.prototype.beginComputePass = function (descriptor = {}) {
    if (mode === "off") return beginComputePass.call(this, descriptor);
    const begin = (of: GPUComputePassDescriptor) => beginComputePass.call(this, of);
    if (mode === "dispatches") return new SplitPass(begin) as unknown as GPUComputePassEncoder;
    return begin({ ...descriptor, timestampWrites: next("pass") });
  };
}

/** Times what `body` submits on `device`; undefined where the device has no timestamps. */
export async function timePasses(
  device: GPUDevice,
  how: Exclude<Mode, "off">,
  body: () => Promise<unknown>,
): Promise<PassTimes | undefined> {
  if (!device.features.has("timestamp-query")) return undefined;
  install();
  const set = device.createQuerySet({ type: "timestamp", count: MOST });
  timed = { device, set, labels: [] };
  mode = how;
  try {
    await body();
  } finally {
    mode = "off";
  }
  const { labels } = timed;
  timed = undefined;
  const bytes = 16 * labels.length;
  if (bytes === 0) return { us: [], labels };
  const resolved = device.createBuffer({ size: bytes, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
  const read = device.createBuffer({ size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.resolveQuerySet(set, 0, 2 * labels.length, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, read, 0, bytes);
  device.queue.submit([encoder.finish()]);
  await read.mapAsync(GPUMapMode.READ);
  const times = new BigUint64Array(read.getMappedRange());
  const us = labels.map((_, i) => Number(times[2 * i + 1] - times[2 * i]) / 1000);
  read.unmap();
  for (const buffer of [resolved, read]) buffer.destroy();
  set.destroy();
  return { us, labels };
}
