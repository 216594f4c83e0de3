/**
 * The WebGPU backend: tensors are buffers (tensors.ts), an operation notes dispatches (operations.ts, recorder.ts), a plan
 * is a list of them that can be submitted any number of times (plan.ts).
 */

import { ModelError } from "../../errors";
import type { Operations } from "../../ops/operations";
import type { Ops } from "../../ops/ops";
import type { WeightFormat } from "../../tensor/weight-format";
import { adaptivePace } from "../../ops/pace";
import { loadPart } from "../../util/part";
import type { AdapterInfo } from "./adapter";
import { chooseKernels } from "./choice";
import { choiceStore, type ChoiceStore } from "./choice-store";
import { openDevice } from "./device";
import { groups as ofEveryModel, versionOf } from "./groups";
import { createGpuOperations, type MoreGpuOperations } from "./operations";
import type { PartLimits } from "./parts";
import { checkKernels } from "./kernel-options";
import { encodePlans, prove, type GpuPlan } from "./plan";
import { createRecorder } from "./recorder";
import type { Group } from "./self-test";
import { createStaging } from "./staging";
import { createTensors } from "./tensors";
import { GPU_TUNING, SOFTWARE_TUNING, type Tuning } from "./tuning";

/** Steps in flight, at most. */
const MOST_STEPS = 32;

/** How the kernels are chosen where the device does that. */
export interface Choosing {
  /** What the caller wants of them. */
  kernels?: Partial<Tuning>;
  /** How the matrices of the model are stored. */
  format: WeightFormat;
  /** The specification, which computes what the kernels must. */
  reference(this: void): Promise<Ops>;
  onWarning(this: void, message: string): void;
  /** For tests: what there is to choose from, where it is kept, and how long a probe may take, in milliseconds. */
  groups?: readonly Group[];
  store?: ChoiceStore;
  limit?: number;
}

/**
 * @param given which kernel variants to use; by default those that fit the kind of adapter
 * @param found the adapter, from which no device was opened yet; by default the browser is asked for one
 * @param more operations that the model needs beside those of every backend
 * @param choosing has a hardware GPU choose its kernels while the weights are on their way: recording waits for that
 * @throws ModelError "unsupported_device"; "invalid_option" where `kernels` has what there is not
 */
export async function createWebGpuBackend(
  given?: Tuning,
  found?: GPUAdapter,
  more?: MoreGpuOperations,
  choosing?: Choosing,
): Promise<{ ops: Ops; adapter: AdapterInfo; kernels: () => Tuning }> {
  const kernels = checkKernels(choosing?.kernels ?? {});
  const gpu = await openDevice(found);
  const suggested = given ?? { ...(gpu.adapter.fallback ? SOFTWARE_TUNING : GPU_TUNING), ...kernels };
  if (suggested.reduction === "subgroups" && !gpu.device.features.has("subgroups")) {
    throw new ModelError(
      "invalid_option",
      'load: kernels.reduction "subgroups": this GPU, or browser, has no subgroups.',
    );
  }
  const { limits } = gpu.device;
  const partLimits: PartLimits = {
    bytes: Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize),
    workgroups: limits.maxComputeWorkgroupsPerDimension,
  };
  const tensors = createTensors(gpu, createStaging(gpu, 2 * MOST_STEPS), partLimits);
  const common: Omit<Ops, keyof Operations | "record"> = {
    device: "webgpu",
    pace: adaptivePace(gpu.adapter.fallback ? 1 : 3, MOST_STEPS),
    create: tensors.create,
    write: tensors.write,
    writePacked: tensors.writePacked,
    copy: tensors.copy,
    free: tensors.free,

    async submit(given, read = []) {
      gpu.check();
      const plans = given as GpuPlan[];
      let copies: ReturnType<typeof tensors.copyOut>[] = [];
      const start = (): void => {
        const encoder = gpu.device.createCommandEncoder();
        encodePlans(gpu, encoder, plans);
        copies = read.map((slice) => tensors.copyOut(encoder, slice));
        gpu.device.queue.submit([encoder.finish()]);
        gpu.counters.submits++;
      };
      try {
        if (plans.every(({ proven }) => proven)) start();
        else await prove(gpu, plans, start);
      } catch (error) {
        // So that their buffers are used again.
        await Promise.allSettled(copies.map((take) => take()));
        throw error;
      }
      if (copies.length === 0) {
        await gpu.device.queue.onSubmittedWorkDone();
        gpu.check();
      }
      return Promise.all(copies.map((take) => take()));
    },
    release(plan) {
      for (const buffer of (plan as GpuPlan).buffers) gpu.destroyBuffer(buffer);
    },

    check: () => gpu.check(),
    counters: () => ({ ...gpu.counters }),
    memory: () => ({ ...gpu.memory }),
    async profiler() {
      const { createGpuProfiler } = await loadPart("measures kernels", () => import("./profiler"));
      return createGpuProfiler(gpu, createRecorder(gpu, tensors, partLimits), tensors);
    },
    dispose: () => gpu.dispose(),
  };
  const opsWith = (tuning: Tuning): Ops => {
    const recorder = createRecorder(gpu, tensors, partLimits);
    return { ...common, record: recorder.record, ...createGpuOperations(recorder, tuning, more) };
  };

  const ops = opsWith(suggested);
  let taken = suggested;
  // A software adapter takes what was tested on it; a probe would only make it slower.
  if (choosing && !given && !gpu.adapter.fallback) {
    const allGroups = [...ofEveryModel, ...(more?.gpu.groups ?? [])];
    const { groups = allGroups, store = choiceStore, format, reference, onWarning, limit } = choosing;
    const version = versionOf(suggested);
    const chosen = chooseKernels({
      ...{ gpu, opsWith, suggested, groups, given: kernels, format, reference, store, version, onWarning, limit },
    }).then((tuning) => {
      taken = tuning;
      Object.assign(ops, opsWith(tuning));
    });
    // Whoever records first gets the error.
    chosen.catch(() => undefined);
    ops.record = async (label, body) => {
      await chosen;
      return ops.record(label, body);
    };
  }
  return { ops, adapter: gpu.adapter, kernels: () => taken };
}
