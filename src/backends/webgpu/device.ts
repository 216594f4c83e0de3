/**
 * The GPU device and the only places that make GPU objects, so that every one of them is counted and every failure
 * becomes a `ModelError`.
 */

import { disposedError, messageOf, ModelError } from "../../errors";
import { zeroCounters, type Memory } from "../../ops/ops";
import { adapterInfo, requestAdapter } from "./adapter";
import { locate, type Kernel } from "./kernel";

const REPORT_HINT = "This is a bug in attendant; please report it with the name of your GPU.";
const MEMORY_HINT = 'Close other pages, load with dtype "q8" or "q4", or use a smaller model.';

/** What kernels or their measurement make use of, where the adapter has it; nothing needs it. */
const OPTIONAL: readonly GPUFeatureName[] = ["timestamp-query", "subgroups"];

export type Gpu = Awaited<ReturnType<typeof openDevice>>;

/** @throws ModelError "unsupported_device" */
export async function openDevice(found?: GPUAdapter) {
  const adapter = found ?? (await requestAdapter());
  const { limits, features } = adapter;
  let device: GPUDevice;
  try {
    device = await adapter.requestDevice({
      label: "attendant",
      requiredFeatures: OPTIONAL.filter((feature) => features.has(feature)),
      requiredLimits: {
        maxBufferSize: limits.maxBufferSize,
        maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      },
    });
  } catch (cause) {
    const message = `The GPU device could not be opened: ${messageOf(cause)}.`;
    throw new ModelError("unsupported_device", message, undefined, { cause });
  }

  const counters = zeroCounters();
  const memory: Memory = { weights: 0, cache: 0, activations: 0, staging: 0 };
  const purposes = new Map<GPUBuffer, keyof Memory>();
  const pipelines = new Map<string, Promise<GPUComputePipeline>>();
  /** By their code, which kernels with other entry points or overrides share. */
  const modules = new Map<string, GPUShaderModule>();
  /** Of buffers of which the device has not said yet whether it has room for them. */
  const pending = new Map<GPUBuffer, Promise<void>>();
  /** Buffers that are not there, for want of memory. */
  const missing = new Map<GPUBuffer, ModelError>();
  let failure: ModelError | undefined;

  // After dispose() the failure is already set, so a device that goes away here was taken from us.
  void device.lost.then(({ message }) => {
    failure ??= deviceLost(`The GPU device was lost: ${message.replace(/\.$/, "") || "no reason given"}.`);
  });
  device.addEventListener("uncapturederror", ({ error }) => {
    // Every use of a buffer that could not be made fails, too; the error goes to the call that wanted the buffer.
    if (missing.size === 0) failure ??= gpuError(error);
  });

  return {
    device,
    adapter: adapterInfo(adapter),
    counters,
    memory,

    /** Throws what has gone wrong on the device since it was opened. */
    check(): void {
      if (failure) throw failure;
    },

    /**
     * A promise of WebGPU was rejected. The failure of the device says more, if there is one; it is known by the next task.
     * @param fatal gives the device up: it does not do what it must
     */
    async rejected(error: ModelError, fatal = false): Promise<never> {
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (fatal) failure ??= error;
      throw failure ?? error;
    },

    createBuffer(label: string, size: number, usage: GPUBufferUsageFlags, purpose: keyof Memory): GPUBuffer {
      if (failure) throw failure;
      const limit = Math.min(
        device.limits.maxBufferSize,
        usage & GPUBufferUsage.STORAGE ? device.limits.maxStorageBufferBindingSize : Infinity,
      );
      if (size > limit) {
        throw new ModelError("out_of_memory", `${label}: ${size} bytes are more than this GPU can bind (${limit}).`);
      }
      // Some browsers throw a RangeError for what they cannot allocate, others report it later.
      const outOfMemory = (cause: unknown) =>
        new ModelError("out_of_memory", `${label}: ${size} bytes can't be allocated.`, MEMORY_HINT, { cause });
      let buffer: GPUBuffer;
      let outcome: Promise<GPUError | null>;
      device.pushErrorScope("out-of-memory");
      try {
        buffer = device.createBuffer({ label, size, usage });
      } catch (cause) {
        throw outOfMemory(cause);
      } finally {
        outcome = device.popErrorScope().catch(() => null);
      }
      const known = outcome.then((error) => {
        pending.delete(buffer);
        if (error && purposes.has(buffer)) missing.set(buffer, outOfMemory(error));
      });
      pending.set(buffer, known);
      counters.buffers_created++;
      memory[purpose] += size;
      purposes.set(buffer, purpose);
      return buffer;
    },
    destroyBuffer(buffer: GPUBuffer): void {
      const purpose = purposes.get(buffer);
      if (!purpose) return;
      purposes.delete(buffer);
      missing.delete(buffer);
      memory[purpose] -= buffer.size;
      buffer.destroy();
    },
    /** @throws ModelError "out_of_memory" if the device has no room for one of these buffers */
    async allocated(buffers: Iterable<GPUBuffer>): Promise<void> {
      for (const buffer of new Set(buffers)) {
        await pending.get(buffer);
        const error = missing.get(buffer);
        if (error) throw error;
      }
      if (failure) throw failure;
    },
    writeBuffer(buffer: GPUBuffer, offset: number, data: Float32Array | Uint32Array): void {
      const error = missing.get(buffer) ?? failure;
      if (error) throw error;
      counters.buffer_writes++;
      device.queue.writeBuffer(buffer, offset, data.buffer, data.byteOffset, data.byteLength);
    },
    createBindGroup(layout: GPUBindGroupLayout, entries: GPUBindGroupEntry[]): GPUBindGroup {
      counters.bind_groups_created++;
      return device.createBindGroup({ layout, entries });
    },

    /** Each kernel is compiled once. Where its WGSL is wrong, the error names the file of shaders/ and the line in it. */
    pipeline(kernel: Kernel): Promise<GPUComputePipeline> {
      // Variants of a kernel may share its name.
      const key = `${kernel.name} ${JSON.stringify(kernel.overrides ?? {})} ${kernel.code}`;
      let pipeline = pipelines.get(key);
      if (!pipeline) {
        const module = modules.get(kernel.code) ?? parse(device, kernel);
        modules.set(kernel.code, module);
        pipeline = compile(device, kernel, module).catch((error: ModelError) => this.rejected(error));
        counters.pipelines_created++;
        pipelines.set(key, pipeline);
      }
      return pipeline;
    },

    /**
     * Runs `body` and turns what the device says against it into an error.
     * @param what the operation and its shapes, for the message
     */
    async guarded<T>(what: () => string, body: () => T): Promise<T> {
      for (const filter of FILTERS) device.pushErrorScope(filter);
      let result: T;
      let errors: Promise<(GPUError | null)[]>;
      try {
        result = body();
      } finally {
        errors = Promise.all(FILTERS.map(() => device.popErrorScope())).catch(() => []);
      }
      const error = (await errors).find((error) => error !== null);
      if (failure) throw failure;
      if (error) throw gpuError(error, what());
      return result;
    },

    dispose(): void {
      failure ??= disposedError();
      for (const buffer of [...purposes.keys()]) this.destroyBuffer(buffer);
      device.destroy();
    },
  };
}

const FILTERS: readonly GPUErrorFilter[] = ["out-of-memory", "internal", "validation"];

/** @param what the operation and its shapes */
function gpuError(error: GPUError, what?: string): ModelError {
  const at = what ? `${what}: ` : "";
  return error instanceof GPUOutOfMemoryError
    ? new ModelError("out_of_memory", `${at}The GPU is out of memory: ${error.message}`, MEMORY_HINT, { cause: error })
    : new ModelError("internal", `${at}The GPU refused a call: ${error.message}`, REPORT_HINT, { cause: error });
}

/** The calls of a model go on with another device, see src/engine/engines.ts. */
export const deviceLost = (message: string, cause?: unknown): ModelError =>
  new ModelError("device_lost", message, "Load the model again.", { cause });

function parse(device: GPUDevice, { name, code }: Kernel): GPUShaderModule {
  // The error of the pipeline says more; without a scope this one would count as a failure of the device.
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ label: name, code });
  void device.popErrorScope().catch(() => null);
  return module;
}

async function compile(device: GPUDevice, kernel: Kernel, module: GPUShaderModule): Promise<GPUComputePipeline> {
  const buffers: GPUBufferBindingType[] = [
    ...Object.values(kernel.bindings).map((access): GPUBufferBindingType => BUFFER_TYPES[access]),
    "uniform",
  ];
  const layout = device.createBindGroupLayout({
    label: kernel.name,
    entries: buffers.map((type, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } })),
  });
  try {
    return await device.createComputePipelineAsync({
      label: kernel.name,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: kernel.entryPoint, constants: kernel.overrides },
    });
  } catch (cause) {
    const { messages } = await module.getCompilationInfo();
    const errors = messages.filter(({ type }) => type === "error").map((message) => messageText(kernel, message));
    const text = `The ${kernel.name} kernel does not compile: ${errors.join("; ") || (cause as Error).message}`;
    throw new ModelError("internal", text, REPORT_HINT, { cause });
  }
}

const BUFFER_TYPES = { read: "read-only-storage", write: "storage" } as const;

/** "matvec.wgsl:12:5 unresolved value 'x'"; line 0 means that the place is unknown. */
function messageText(kernel: Kernel, { lineNum, linePos, message }: GPUCompilationMessage): string {
  if (lineNum === 0) return message;
  const { file, line } = locate(kernel, lineNum);
  return `${file}:${line}:${linePos} ${message}`;
}
