/** What operations do while a plan is recorded: they ask for temporaries and note dispatches. */

import { invariant } from "../../errors";
import type { Norm } from "../../ops/ops";
import type { DType, Tensor } from "../../tensor/tensor";
import type { Gpu } from "./device";
import type { Grid, Kernel } from "./kernels";
import { tooLarge, type PartLimits } from "./parts";
import { buildPlan, type Dispatch, type GpuPlan } from "./plan";
import { describe, type GpuTensor } from "./gpu-tensor";
import type { Tensors } from "./tensors";

interface Recording {
  dispatches: Dispatch[];
  temporaries: Set<GpuTensor>;
  /** By what was normalised: the results, which may be asked for again. */
  normed: Map<Tensor, Map<Norm, Tensor>>;
}

export type Recorder = ReturnType<typeof createRecorder>;

export function createRecorder(gpu: Gpu, tensors: Tensors, partLimits: PartLimits) {
  let recording: Recording | undefined;
  // Bound where an operation has an optional operand and the call has none. Zeros, so that an offset reads as 0.
  let absent: GpuTensor | undefined;

  function current(): Recording {
    invariant(recording, "an operation was called outside record()");
    return recording;
  }

  async function record<T>(label: string, body: () => T): Promise<GpuPlan<T>> {
    gpu.check();
    invariant(!recording, "record() inside record()");
    recording = { dispatches: [], temporaries: new Set(), normed: new Map() };
    const { dispatches, temporaries } = recording;
    let outputs: T;
    try {
      outputs = body();
    } finally {
      recording = undefined;
    }
    return buildPlan(gpu, label, outputs, dispatches, temporaries);
  }

  /** A tensor that the plan makes; it gets its buffer once all dispatches are known. */
  function temporary(shape: readonly number[], dtype: DType = "f32"): GpuTensor {
    const tensor = describe(shape, dtype);
    current().temporaries.add(tensor);
    return tensor;
  }

  /** @param operands one a binding of the kernel */
  function dispatch(kernel: Kernel, operands: (Tensor | undefined)[], params: number[], grid: Grid): void {
    const limit = gpu.device.limits.maxComputeWorkgroupsPerDimension;
    invariant(
      Math.max(...grid) <= limit,
      `${kernel.name}: a grid of ${grid.join(" x ")} is over the limit of ${limit}`,
    );
    const bound = operands.map((tensor) => {
      if (tensor && (tensor as GpuTensor).parts) throw tooLarge(tensor, partLimits, kernel.name);
      if (tensor) return tensor as GpuTensor;
      absent ??= tensors.create([64], "u32", "activations");
      return absent;
    });
    current().dispatches.push({ kernel, tensors: bound, params, grid });
  }

  /** x normalised, which `compute` does the first time. */
  function normed(x: Tensor, norm: Norm, compute: (x: Tensor, norm: Norm) => Tensor): Tensor {
    const known = current().normed;
    const byNorm = known.get(x) ?? new Map<Norm, Tensor>();
    const y = byNorm.get(norm) ?? compute(x, norm);
    known.set(x, byNorm.set(norm, y));
    return y;
  }

  return { record, temporary, dispatch, normed };
}
