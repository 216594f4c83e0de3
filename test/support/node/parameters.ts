/** Parameters of checkpoints that are made up, and what the device then holds. */

import { createCpuBackend } from "../../../src/backends/cpu/backend";
import { Parameters } from "../../../src/models/parameters";
import type { Ops } from "../../../src/ops/ops";
import { size, type Tensor } from "../../../src/tensor/tensor";

export const FILE = "model.safetensors";

/** A checkpoint with these tensors; the shape matters to `check` only. */
export function setUp(...tensors: (string | [name: string, shape: number[], sameAs?: string])[]) {
  const ops = createCpuBackend();
  const announced = tensors.map((tensor) => {
    const [name, shape, sameAs] = typeof tensor === "string" ? [tensor, [2]] : tensor;
    return { name, shape, sameAs };
  });
  return { ops, parameters: new Parameters(ops, announced) };
}

export async function contents(ops: Ops, tensor: Tensor): Promise<number[]> {
  const [data] = await ops.submit([], [{ tensor, start: 0, count: size(tensor.shape) }]);
  return Array.from(data);
}

/** 1, 2, 3 ... */
export const counting = (length: number, from = 1) => Float32Array.from({ length }, (_, i) => from + i);
