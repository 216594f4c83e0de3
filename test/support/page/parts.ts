/** Matrices that are larger than what the GPU binds: the limit is lowered. */

import { createCpuBackend } from "../../../src/backends/cpu/backend";
import { createWebGpuBackend } from "../../../src/backends/webgpu/backend";
import { largestPart } from "../../../src/backends/webgpu/parts";
import type { Ops } from "../../../src/ops/ops";
import type { WeightFormat } from "../../../src/tensor/weight-format";
import type { Tensor } from "../../../src/tensor/tensor";
import { difference, type Difference } from "../shared/difference";
import { TUNINGS } from "./op-compare";
import { random } from "../shared/random";

/** For the backends that are made from now on in this page. */
export function lowerLimit(bytes: number): void {
  largestPart.bytes = bytes;
}

export interface PartsReport {
  comparisons: (Difference & { name: string })[];
  /** Sizes of the buffers of the matrix. */
  buffers: number[];
  /** Of the four operations. */
  dispatches: number;
  /** Bytes of weights with the matrix and without. */
  memory: [before: number, after: number];
}

/** A vocabulary of `rows` words, embedded and projected to, on both backends. */
export async function compareParts(
  variant: keyof typeof TUNINGS,
  limit: number,
  rows: number,
  width: number,
  format: WeightFormat = "f32",
): Promise<PartsReport> {
  lowerLimit(limit);
  const buffers: number[] = [];
  // Not the norm and the positions.
  const isMatrix = (label: string) => label.endsWith(`, ${width})`) && !/^weights \([28],/.test(label);
  const { createBuffer } = GPUDevice.prototype;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    if (descriptor.label?.startsWith("weights") && isMatrix(descriptor.label ?? "")) buffers.push(descriptor.size);
    return createBuffer.call(this, descriptor);
  };
  const rng = random(4);
  // Results of order 1: sums of 48 that cancel to 0.016 differ by f32's rounding alone.
  const table = rng.normal(rows * width, 1 / Math.sqrt(width));
  const bias = rng.normal(rows, 1);
  const norm = rng.normal(2 * width, 1);
  const positions = rng.normal(8 * width, 1);
  const x = rng.normal(7 * width, 1);
  const steps = [0, 1, 2, 3, 4, 5].map((i) => Math.min(rows - 1, Math.floor((i * rows) / 5)));
  const ids = new Uint32Array([0, rows - 1, ...steps.map((id) => Math.max(0, id - 1)), ...steps]);

  let dispatches = 0;
  let memory: PartsReport["memory"] = [0, 0];
  const run = async (ops: Ops): Promise<Float32Array[]> => {
    const weights = ops.create([rows, width], format, "weights");
    // In pieces of whole rows that do not end where the parts do.
    for (let row = 0; row < rows; row += 50_021)
      ops.write(weights, table.subarray(row * width, Math.min(rows, row + 50_021) * width), row * width);
    const tensors = {
      bias: ops.create([rows], "f32", "weights", bias),
      norm: { weights: ops.create([2, width], "f32", "weights", norm), eps: 1e-5 },
      positions: ops.create([8, width], "f32", "weights", positions),
      ids: ops.create([2, ids.length / 2], "u32", "activations", ids),
      one: ops.create([1, 1, width], "f32", "activations", x.subarray(0, width)),
      two: ops.create([1, 2, width], "f32", "activations", x.subarray(width, 3 * width)),
      many: ops.create([1, 7, width], "f32", "activations", x),
    };
    const before = ops.counters().dispatches;
    const results: Float32Array[] = [];
    const record = async (body: () => Tensor) => {
      const plan = await ops.record("parts", body);
      const tensor = plan.outputs;
      const count = tensor.shape.reduce((product, n) => product * n, 1);
      results.push((await ops.submit([plan], [{ tensor, start: 0, count }]))[0] as Float32Array);
      ops.release(plan);
    };
    await record(() => ops.embed(tensors.ids, weights, { scale: 2, positions: tensors.positions }));
    await record(() => ops.linear(tensors.one, weights, { bias: tensors.bias, norm: tensors.norm }));
    await record(() => ops.linear(tensors.two, weights, { bias: tensors.bias, scale: 0.5, activation: "gelu" }));
    await record(() => ops.linear(tensors.many, weights, { bias: tensors.bias }));
    dispatches = ops.counters().dispatches - before;
    const held = ops.memory().weights;
    ops.free([weights]);
    memory = [held, ops.memory().weights];
    return results;
  };
  const { ops: gpu } = await createWebGpuBackend(TUNINGS[variant]);
  const cpu = createCpuBackend();
  const expected = await run(cpu);
  buffers.length = 0;
  const actual = await run(gpu);
  const names = ["embed", "linear, one row", "linear, two rows", "linear, seven rows"];
  const comparisons = names.map((name, i) => ({ name, ...difference([actual[i]], [expected[i]]) }));
  gpu.dispose();
  cpu.dispose();
  GPUDevice.prototype.createBuffer = createBuffer;
  return { comparisons, buffers, dispatches, memory };
}
