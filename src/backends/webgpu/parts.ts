/**
 * Matrices that are larger than what a GPU can bind at once: several buffers of whole rows each. The products and the
 * embedding dispatch once a part, other operations do not take them.
 */

import { ModelError } from "../../errors";
import { rowsOf, shapeText, type Tensor } from "../../tensor/tensor";
import type { GpuTensor, Part } from "./gpu-tensor";

/** The whole as its only part, where it fits. */
export function partsOf(tensor: GpuTensor): readonly Part[] {
  return tensor.parts ?? [{ tensor, first: 0 }];
}

export interface PartLimits {
  /** Of a buffer that a kernel binds. */
  bytes: number;
  /** Workgroups of four rows in one dispatch. */
  workgroups: number;
}

/** Tests lower this, to have parts without matrices of gigabytes. */
export const largestPart = { bytes: Infinity };

/**
 * How many rows a part of a weight has.
 * @throws ModelError "out_of_memory" where not even four rows fit
 */
export function rowsOfPart(whole: GpuTensor, limits: PartLimits): number {
  const [rows] = rowsOf(whole.shape);
  const fourRows = whole.bytes / Math.ceil(rows / 4);
  const fours = Math.min(Math.floor(Math.min(limits.bytes, largestPart.bytes) / fourRows), limits.workgroups);
  if (fours === 0) throw tooLarge(whole, limits, "weights");
  return Math.min(rows, 4 * fours);
}

export function tooLarge({ shape }: Tensor, limits: PartLimits, where: string): ModelError {
  const message = `${where}: a matrix of shape ${shapeText(shape)} is more than this GPU can bind (${limits.bytes} bytes).`;
  return new ModelError("out_of_memory", message);
}
