/** All operations on WebGPU: each picks its kernels and notes one or more dispatches. */

import { createOperations } from "../../ops/front";
import type { ImplementationOf } from "../../ops/contract";
import type { Implementation, MoreOperations, Operations } from "../../ops/operations";
import * as attention from "./attention";
import * as beams from "./beams";
import * as embedding from "./embedding";
import type { Kernel } from "./kernel";
import * as linear from "./linear";
import type { OperationRecorder, Recorder } from "./recorder";
import * as rowwise from "./rowwise";
import * as selection from "./selection";
import type { Group } from "./self-test";
import type { Tuning } from "./tuning";

/** Operations that load with the families that need them, and their kernels. */
export interface MoreGpuOperations extends MoreOperations {
  gpu: {
    kernels(tuning: Tuning): object;
    operations(recorder: OperationRecorder): ImplementationOf<MoreOperations["contract"]>;
    /** What the self-test computes with them. */
    groups: readonly Group[];
  };
}

const groups = { embedding, rowwise, linear, attention, selection, beams };

/** Every kernel of a tuning, for each weight format. */
export const kernelsOf = (tuning: Tuning, more?: MoreGpuOperations): Kernel[] =>
  [...Object.values(groups), ...(more ? [more.gpu] : [])].flatMap((group) => kernelsIn(group.kernels(tuning)));

const isKernel = (value: object): value is Kernel => "code" in value;

function kernelsIn(tree: object): Kernel[] {
  return isKernel(tree) ? [tree] : Object.values(tree).flatMap((branch) => kernelsIn(branch as object));
}

export function createGpuOperations(recorder: Recorder, tuning: Tuning, more?: MoreGpuOperations): Operations {
  const inPlan: OperationRecorder = {
    ...recorder,
    tuning,
    normed: (x, norm) => (norm ? recorder.normed(x, norm, () => operations.layerNorm(x, norm)) : x),
  };
  const implementation: Implementation = {
    ...groups.embedding.operations(inPlan),
    ...groups.rowwise.operations(inPlan),
    ...groups.linear.operations(inPlan),
    ...groups.attention.operations(inPlan),
    ...groups.selection.operations(inPlan),
    ...groups.beams.operations(inPlan),
    ...more?.gpu.operations(inPlan),
  };
  const operations = createOperations({ temporary: recorder.temporary, append: recorder.note }, implementation, more);
  return operations;
}
