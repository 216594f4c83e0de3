/**
 * From recorded dispatches to something that can be replayed: buffers for the temporaries, one uniform buffer for all
 * parameters, one bind group per dispatch.
 */

import type { Plan } from "../../ops/ops";
import type { Gpu } from "./device";
import type { Grid, Kernel } from "./kernel";
import type { GpuTensor } from "./gpu-tensor";
import { shapeText } from "../../tensor/tensor";

export interface Dispatch {
  /** Name of the operation in src/ops/. */
  operation: string;
  kernel: Kernel;
  /** One for each binding of the kernel, in order. */
  tensors: GpuTensor[];
  /** The words of the kernel's parameters. */
  params: number[];
  grid: Grid;
}

/** A dispatch that can be encoded. */
export interface Command {
  pipeline: GPUComputePipeline;
  bindGroup: GPUBindGroup;
  grid: Readonly<Grid>;
}

export interface GpuPlan<T = unknown> extends Plan<T> {
  readonly label: string;
  readonly dispatches: readonly Dispatch[];
  /** Whether it has run. What WebGPU has against a plan it says the first time, so only then is it asked. */
  proven: boolean;
  readonly commands: readonly Command[];
  readonly buffers: readonly GPUBuffer[];
}

/**
 * Gives temporaries their buffers: one that is no longer read goes to the next that fits in it. Whole buffers, not
 * ranges of one: WebGPU tracks use by buffer, and none may be read and written in the same dispatch.
 * @param kept temporaries that outlive the plan's run
 * @param all receives every buffer made
 */
function assignBuffers(
  gpu: Gpu,
  label: string,
  dispatches: readonly Dispatch[],
  temporaries: ReadonlySet<GpuTensor>,
  kept: ReadonlySet<GpuTensor>,
  all: GPUBuffer[],
): void {
  const lastUse = new Map<GpuTensor, number>();
  dispatches.forEach(({ tensors }, i) => tensors.forEach((tensor) => lastUse.set(tensor, i)));
  const free: GPUBuffer[] = [];
  for (const [i, dispatch] of dispatches.entries()) {
    const { tensors } = dispatch;
    for (const tensor of tensors) {
      if (tensor.buffer || !temporaries.has(tensor)) continue;
      const fits = free.filter((buffer) => buffer.size >= tensor.bytes).sort((a, b) => a.size - b.size);
      // A buffer far too large is better left for a tensor that needs it.
      const found = fits.find((buffer) => buffer.size <= 4 * tensor.bytes && !kept.has(tensor));
      if (found) free.splice(free.indexOf(found), 1);
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | (kept.has(tensor) ? GPUBufferUsage.COPY_DST : 0);
      tensor.buffer = found ?? gpu.createBuffer(nameOf(label, dispatch), tensor.bytes, usage, "activations");
      if (!found) all.push(tensor.buffer);
    }
    for (const tensor of new Set(tensors)) {
      if (temporaries.has(tensor) && !kept.has(tensor) && lastUse.get(tensor) === i && tensor.buffer) {
        free.push(tensor.buffer);
      }
    }
  }
}

/** "decode: linear (matvec_f16), x (1, 1, 512), w (2048, 512), ..., y (1, 1, 2048)". */
function nameOf(label: string, { operation, kernel, tensors }: Dispatch): string {
  const operands = Object.keys(kernel.bindings).map((name, i) => `${name} ${shapeText(tensors[i].shape)}`);
  return `${label}: ${operation} (${kernel.name}), ${operands.join(", ")}`;
}

/**
 * Without the dispatches that made what an operation has passed over, where nobody else reads it.
 * @param passedOver temporaries
 * @param kept temporaries that outlive the plan's run
 */
function withoutUnread(
  dispatches: readonly Dispatch[],
  passedOver: ReadonlySet<GpuTensor>,
  kept: ReadonlySet<GpuTensor>,
): readonly Dispatch[] {
  const unread = [...passedOver].filter((tensor) => {
    const users = dispatches.filter(({ tensors }) => tensors.includes(tensor));
    return users.length === 1 && !kept.has(tensor);
  });
  return dispatches.filter(({ tensors }) => !tensors.some((tensor) => unread.includes(tensor)));
}

/** Settles everything that a run needs. */
export async function buildPlan<T>(
  gpu: Gpu,
  label: string,
  outputs: T,
  recorded: readonly Dispatch[],
  temporaries: ReadonlySet<GpuTensor>,
  passedOver: ReadonlySet<GpuTensor>,
): Promise<GpuPlan<T>> {
  const kept = tensorsIn(outputs, temporaries);
  const dispatches = withoutUnread(recorded, passedOver, kept);
  const kernels = [...new Set(dispatches.map(({ kernel }) => kernel))];
  const compiled = await Promise.all(kernels.map((kernel) => gpu.pipeline(kernel)));
  const pipelines = new Map(kernels.map((kernel, i) => [kernel, compiled[i]]));
  const buffers: GPUBuffer[] = [];
  const bindAll = async (): Promise<GpuPlan<T>> => {
    assignBuffers(gpu, label, dispatches, temporaries, kept, buffers);
    const stride = gpu.device.limits.minUniformBufferOffsetAlignment;
    const words = new Uint32Array((dispatches.length * stride) / 4);
    dispatches.forEach(({ params }, i) => words.set(params, (i * stride) / 4));
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    const uniforms = gpu.createBuffer(`${label} parameters`, words.byteLength, usage, "activations");
    gpu.writeBuffer(uniforms, 0, words);
    buffers.push(uniforms);
    const bind = ({ kernel, tensors, params, grid }: Dispatch, i: number): Command => {
      const pipeline = pipelines.get(kernel) as GPUComputePipeline;
      const entries = tensors.map((tensor, binding): GPUBindGroupEntry => ({
        binding,
        resource: { buffer: tensor.buffer as GPUBuffer },
      }));
      // The size of a uniform struct is a multiple of 16 bytes at most; the slot has room for that.
      const size = Math.ceil(params.length / 4) * 16;
      entries.push({ binding: tensors.length, resource: { buffer: uniforms, offset: i * stride, size } });
      return { pipeline, bindGroup: gpu.createBindGroup(pipeline.getBindGroupLayout(0), entries), grid };
    };
    const binding = Promise.all(
      dispatches.map((dispatch, i) =>
        gpu.guarded(
          () => nameOf(label, dispatch),
          () => bind(dispatch, i),
        ),
      ),
    );
    // A buffer that is not there cannot be bound; that it is not there says more.
    binding.catch(() => undefined);
    const operands = dispatches.flatMap(({ tensors }) => tensors.map(({ buffer }) => buffer as GPUBuffer));
    await gpu.allocated([...buffers, ...operands]);
    return { label, dispatches, outputs, commands: await binding, buffers, proven: false };
  };
  try {
    return await bindAll();
  } catch (error) {
    for (const buffer of buffers) gpu.destroyBuffer(buffer);
    throw error;
  }
}

/** The temporaries somewhere in what a recording's body returned. */
function tensorsIn(value: unknown, temporaries: ReadonlySet<GpuTensor>, found = new Set<GpuTensor>()): Set<GpuTensor> {
  if (typeof value !== "object" || value === null) return found;
  if (temporaries.has(value as GpuTensor)) {
    const { maxima } = value as GpuTensor;
    return maxima ? found.add(value as GpuTensor).add(maxima.tensor) : found.add(value as GpuTensor);
  }
  for (const part of Object.values(value)) tensorsIn(part, temporaries, found);
  return found;
}

/**
 * Why a plan cannot run: encodes its dispatches one by one, until WebGPU has something against one of them.
 * @throws ModelError that names the operation and its shapes
 */
async function examine(gpu: Gpu, { label, commands, dispatches }: GpuPlan): Promise<void> {
  for (const [i, { pipeline, bindGroup, grid }] of commands.entries()) {
    await gpu.guarded(
      () => nameOf(label, dispatches[i]),
      () => {
        const encoder = gpu.device.createCommandEncoder();
        const pass = encoder.beginComputePass();
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindGroup);
        pass.dispatchWorkgroups(...grid);
        pass.end();
        encoder.finish();
      },
    );
  }
}

/**
 * Submits plans of which not all have run before.
 * @throws ModelError what WebGPU has against them, with the operation and its shapes where it can be told
 */
export async function prove(gpu: Gpu, plans: readonly GpuPlan[], submit: () => void): Promise<void> {
  try {
    await gpu.guarded(() => plans.map(({ label }) => label).join(" and "), submit);
  } catch (error) {
    for (const plan of plans) await examine(gpu, plan);
    throw error;
  }
  for (const plan of plans) plan.proven = true;
}

/** One compute pass of all plans, in order. */
export function encodePlans(gpu: Gpu, encoder: GPUCommandEncoder, plans: readonly GpuPlan[]): void {
  if (plans.length === 0) return;
  const pass = encoder.beginComputePass();
  let current: GPUComputePipeline | undefined;
  for (const { commands } of plans) {
    for (const { pipeline, bindGroup, grid } of commands) {
      if (pipeline !== current) pass.setPipeline(pipeline);
      current = pipeline;
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(...grid);
    }
    gpu.counters.dispatches += commands.length;
  }
  pass.end();
}
