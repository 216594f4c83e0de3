/** What operations do while a plan is recorded: they ask for temporaries and note dispatches. */

import { invariant } from "../../errors";
import type { Norm } from "../../ops/rowwise";
import type { DType, Tensor } from "../../tensor/tensor";
import type { Gpu } from "./device";
import { paramWords, type Grid, type Kernel, type ParamValues } from "./kernel";
import { tooLarge, type PartLimits } from "./parts";
import { buildPlan, type Dispatch, type GpuPlan } from "./plan";
import { describe, type GpuTensor, type Maxima } from "./gpu-tensor";
import type { Tensors } from "./tensors";
import type { Tuning } from "./tuning";

interface Recording {
  dispatches: Dispatch[];
  temporaries: Set<GpuTensor>;
  /** By what was normalised: the results, which may be asked for again. */
  normed: Map<Tensor, Map<Norm, Tensor>>;
  /** Tensors that an operation of this plan has changed after they were made. */
  changed: Set<Tensor>;
}

export type Recorder = ReturnType<typeof createRecorder>;

/** What an operation has at hand. */
export interface OperationRecorder extends Pick<Recorder, "temporary" | "dispatch" | "change" | "maximaOf"> {
  readonly tuning: Tuning;
  /** x normalised, for kernels that do not normalise themselves; what two operations of a plan ask for is computed once. */
  normed(this: void, x: Tensor, norm: Norm | undefined): Tensor;
}

export function createRecorder(gpu: Gpu, tensors: Tensors, partLimits: PartLimits) {
  let recording: Recording | undefined;
  // Bound where an operation has an optional operand and the call has none. Zeros, so that an offset reads as 0. WebGPU forbids
  // one buffer for reading and writing.
  const absent: { read?: GpuTensor; write?: GpuTensor } = {};
  /** Whose dispatches are being noted, for messages. */
  let operation = "";

  function current(): Recording {
    invariant(recording, "an operation was called outside record()");
    return recording;
  }

  async function record<T>(label: string, body: () => T): Promise<GpuPlan<T>> {
    gpu.check();
    invariant(!recording, "record() inside record()");
    recording = { dispatches: [], temporaries: new Set(), normed: new Map(), changed: new Set() };
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

  /** Has an operation note its dispatches. */
  function note(notes: () => void, name: string): void {
    const outer = operation;
    operation = name;
    try {
      notes();
    } finally {
      operation = outer;
    }
  }

  /**
   * @param operands by the names of the kernel's bindings; undefined where an operation has an optional one and none is given
   * @param params by the names of the kernel's parameters
   */
  function dispatch<Binding extends string, Param extends string>(
    kernel: Kernel<Binding, Param>,
    operands: Readonly<Record<NoInfer<Binding>, Tensor | undefined>>,
    params: ParamValues<NoInfer<Param>>,
    grid: Grid,
  ): void {
    const limit = gpu.device.limits.maxComputeWorkgroupsPerDimension;
    invariant(
      Math.max(...grid) <= limit,
      `${kernel.name}: a grid of ${grid.join(" x ")} is over the limit of ${limit}`,
    );
    const bound = (Object.keys(kernel.bindings) as Binding[]).map((name) => {
      const tensor = operands[name] as GpuTensor | undefined;
      if (tensor?.parts) throw tooLarge(tensor, partLimits, kernel.name);
      return tensor ?? (absent[kernel.bindings[name]] ??= tensors.create([64], "u32", "activations"));
    });
    current().dispatches.push({ operation, kernel, tensors: bound, params: paramWords(kernel, params), grid });
  }

  /** x normalised, which `compute` does the first time. */
  function normed(x: Tensor, norm: Norm, compute: () => Tensor): Tensor {
    const known = current().normed;
    const byNorm = known.get(x) ?? new Map<Norm, Tensor>();
    const y = byNorm.get(norm) ?? compute();
    known.set(x, byNorm.set(norm, y));
    return y;
  }

  /** Notes that an operation changes a tensor in place, and not the maxima that are known of it. */
  const change = (tensor: Tensor): unknown => current().changed.add(tensor);

  /** The maxima that the product which made the scores has kept, if they still are of these scores. */
  const maximaOf = (scores: Tensor): Maxima | undefined =>
    current().changed.has(scores) ? undefined : (scores as GpuTensor).maxima;

  return { record, temporary, note, dispatch, normed, change, maximaOf };
}
