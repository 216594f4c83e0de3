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
  /** By scores that this plan has made or changed: their maxima; undefined where nobody knows them any more. */
  maxima: Map<Tensor, Maxima | undefined>;
  /** By log-probabilities that this plan has made and not changed. */
  logits: Map<Tensor, Logits>;
  /** Of these, those for which an operation has read the logits instead. */
  passedOver: Set<GpuTensor>;
}

/** What log-probabilities were made of. */
export interface Logits {
  tensor: Tensor;
  maxima: Maxima;
}

export type Recorder = ReturnType<typeof createRecorder>;

/** What an operation has at hand. */
export interface OperationRecorder extends Pick<
  Recorder,
  "temporary" | "dispatch" | "change" | "maximaOf" | "keepMaxima" | "logitsOf" | "keepLogits" | "passOver"
> {
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
    const [dispatches, temporaries, passedOver] = [[] as Dispatch[], new Set<GpuTensor>(), new Set<GpuTensor>()];
    const known = { normed: new Map(), maxima: new Map(), logits: new Map() };
    recording = { dispatches, temporaries, passedOver, ...known };
    let outputs: T;
    try {
      outputs = body();
    } finally {
      recording = undefined;
    }
    return buildPlan(gpu, label, outputs, dispatches, temporaries, passedOver);
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

  /**
   * Notes that an operation changes a tensor in place.
   * @param maxima of what it becomes, where the operation finds them
   */
  function change(tensor: Tensor, maxima?: Maxima): void {
    const { logits } = current();
    logits.delete(tensor);
    for (const [logprobs, { tensor: from }] of logits) if (from === tensor) logits.delete(logprobs);
    keepMaxima(tensor, maxima);
  }

  const keepMaxima = (scores: Tensor, maxima: Maxima | undefined): unknown => current().maxima.set(scores, maxima);

  /** The maxima of scores, where their product or an operation of this plan has kept them. */
  function maximaOf(scores: Tensor): Maxima | undefined {
    const { maxima } = current();
    return maxima.has(scores) ? maxima.get(scores) : (scores as GpuTensor).maxima;
  }

  const keepLogits = (logprobs: Tensor, logits: Logits): unknown => current().logits.set(logprobs, logits);

  /** The logits whose log-softmax these are, as long as neither was changed. */
  const logitsOf = (logprobs: Tensor): Logits | undefined => current().logits.get(logprobs);

  /** Notes that an operation has read the logits instead: where nobody reads the log-probabilities, nobody needs to make them. */
  const passOver = (logprobs: Tensor): unknown => current().passedOver.add(logprobs as GpuTensor);

  const ofScores = { change, maximaOf, keepMaxima, logitsOf, keepLogits, passOver };
  return { record, temporary, note, dispatch, normed, ...ofScores };
}
