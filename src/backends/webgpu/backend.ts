/**
 * The WebGPU backend: tensors are buffers (tensors.ts), an operation notes dispatches (operations.ts, recorder.ts), a plan
 * is a list of them that can be submitted any number of times (plan.ts).
 */

import type { Ops } from "../../ops/ops";
import { adaptivePace } from "../../ops/pace";
import type { AdapterInfo } from "./adapter";
import { openDevice } from "./device";
import { createGpuOperations, type MoreGpuOperations } from "./operations";
import type { PartLimits } from "./parts";
import { encodePlans, type GpuPlan } from "./plan";
import { createRecorder } from "./recorder";
import { createStaging } from "./staging";
import { createTensors } from "./tensors";
import { GPU_TUNING, SOFTWARE_TUNING, type Tuning } from "./tuning";

/** Steps in flight, at most. */
const MOST_STEPS = 32;

/**
 * @param given which kernel variants to use; by default those that fit the adapter
 * @param found the adapter, from which no device was opened yet; by default the browser is asked for one
 */
export async function createWebGpuBackend(
  given?: Tuning,
  found?: GPUAdapter,
  more?: MoreGpuOperations,
): Promise<{ ops: Ops; adapter: AdapterInfo }> {
  const gpu = await openDevice(found);
  const tuning = given ?? (gpu.adapter.fallback ? SOFTWARE_TUNING : GPU_TUNING);
  const { limits } = gpu.device;
  const partLimits: PartLimits = {
    bytes: Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize),
    workgroups: limits.maxComputeWorkgroupsPerDimension,
  };
  const tensors = createTensors(gpu, createStaging(gpu, 2 * MOST_STEPS), partLimits);
  const recorder = createRecorder(gpu, tensors, partLimits);
  const ops: Ops = {
    device: "webgpu",
    pace: adaptivePace(gpu.adapter.fallback ? 1 : 3, MOST_STEPS),
    create: tensors.create,
    write: tensors.write,
    free: tensors.free,

    record: recorder.record,
    async submit(plans, read = []) {
      gpu.check();
      const encoder = gpu.device.createCommandEncoder();
      encodePlans(gpu, encoder, plans as GpuPlan[]);
      const copies = read.map((slice) => tensors.copyOut(encoder, slice));
      gpu.device.queue.submit([encoder.finish()]);
      gpu.counters.submits++;
      if (copies.length === 0) {
        await gpu.device.queue.onSubmittedWorkDone();
        gpu.check();
      }
      return Promise.all(copies.map((take) => take()));
    },
    release(plan) {
      for (const buffer of (plan as GpuPlan).buffers) gpu.destroyBuffer(buffer);
    },

    counters: () => ({ ...gpu.counters }),
    memory: () => ({ ...gpu.memory }),
    dispose: () => gpu.dispose(),

    ...createGpuOperations(recorder, tuning, more),
  };
  return { ops, adapter: gpu.adapter };
}
