/** The specification, backends/cpu, as what single kernels are compared with. */

import { expect } from "vitest";
import { createCpuBackend } from "../../../src/backends/cpu/backend";
import type { Arithmetic } from "../../../src/backends/cpu/int8";
import type { Ops } from "../../../src/ops/ops";
import { asFloats, size, type Tensor } from "../../../src/tensor/tensor";

/** What an operation of the CPU backend gives. */
export async function onCpu(body: (ops: Ops) => () => Tensor, arithmetic?: Arithmetic): Promise<Float32Array> {
  const ops = createCpuBackend(arithmetic);
  const plan = await ops.record("test", body(ops));
  const [data] = await ops.submit([plan], [{ tensor: plan.outputs, start: 0, count: size(plan.outputs.shape) }]);
  return asFloats(new Uint32Array(data.buffer, data.byteOffset, data.length));
}

export const floats = (ops: Ops, shape: number[], data: Float32Array): Tensor =>
  ops.create(shape, "f32", "activations", data);

/** The tolerance of the operation table, on every element; NaN for NaN and infinity for infinity. */
export function expectClose(actual: Float32Array, expected: Float32Array): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((x, i) => {
    if (Object.is(actual[i], x)) return;
    const off = Math.abs(actual[i] - x);
    if (!(off <= 2e-6 + 1e-5 * Math.abs(x))) expect.fail(`element ${i} is ${actual[i]}, the specification says ${x}`);
  });
}
