/** Runs the table of operation cases on the GPU and on the CPU, in a page, and reports where they differ. */

import { createCpuBackend } from "../../../src/backends/cpu/backend";
import { createWebGpuBackend } from "../../../src/backends/webgpu/backend";
import { GPU_TUNING, SOFTWARE_TUNING } from "../../../src/backends/webgpu/tuning";
import { watch, type OperationName } from "../shared/op-bench";
import { opCases } from "../shared/op-cases";

export interface Difference {
  /** The largest |actual - expected| / (2e-6 + 1e-5 |expected|), of floats; at most 1 is equal by the rule of the design. */
  worst: number;
  detail: string;
}

export interface Comparison extends Difference {
  name: string;
  /** The operations that the case recorded. */
  operations: OperationName[];
  /** How its weights were stored: "f32" or a format with fewer bits. */
  format: string;
}

export interface OpsReport {
  comparisons: Comparison[];
  /** The names of the kernels that were compiled, so that a plan could run them. */
  kernels: string[];
}

export const TUNINGS = { gpu: GPU_TUNING, software: SOFTWARE_TUNING };

/**
 * @param variant which kernels: those for GPUs or those for software adapters
 * @param operation only the cases with it
 */
export async function compareOps(variant: keyof typeof TUNINGS, operation?: OperationName): Promise<OpsReport> {
  const kernels = new Set<string>();
  const { createComputePipelineAsync } = GPUDevice.prototype;
  GPUDevice.prototype.createComputePipelineAsync = function (descriptor) {
    kernels.add(descriptor.label ?? "");
    return createComputePipelineAsync.call(this, descriptor);
  };
  const { ops: gpu } = await createWebGpuBackend(TUNINGS[variant]);
  const cpu = createCpuBackend();
  const comparisons: Comparison[] = [];
  for (const { name, operations, run } of opCases) {
    if (operation && !operations.includes(operation)) continue;
    const watched = watch(gpu);
    let result: Difference;
    try {
      result = difference(await run(watched.ops), await run(cpu));
    } catch (error) {
      result = { worst: Infinity, detail: String(error) };
    }
    const format = [...watched.formats].find((dtype) => dtype !== "f32") ?? "f32";
    comparisons.push({ name, operations: [...watched.operations], format, ...result });
  }
  gpu.dispose();
  cpu.dispose();
  GPUDevice.prototype.createComputePipelineAsync = createComputePipelineAsync;
  return { comparisons, kernels: [...kernels] };
}

/** Whole numbers are equal, or the bits of floats (far larger than any index) that are four roundings apart. */
function allowed(values: ArrayLike<number>, i: number): number {
  if (values instanceof Uint32Array) return values[i] < 2 ** 25 ? 1e-9 : 4;
  return 2e-6 + 1e-5 * Math.abs(values[i]);
}

export function difference(actual: ArrayLike<number>[], expected: ArrayLike<number>[]): Difference {
  let worst = 0;
  let detail = "";
  expected.forEach((values, output) => {
    if (values.length !== actual[output].length) {
      worst = Infinity;
      detail = `output ${output} has ${actual[output].length} values, expected ${values.length}`;
      return;
    }
    for (let i = 0; i < values.length; i++) {
      const off = Math.abs(actual[output][i] - values[i]) / allowed(values, i);
      if (off <= worst) continue;
      // NaN compares false with everything, so it ends here, too.
      worst = Number.isNaN(off) ? Infinity : off;
      detail = `output ${output}[${i}]: ${actual[output][i]}, expected ${values[i]}`;
    }
  });
  return { worst, detail };
}

/** The comparison of a result with one that is off in the fifth digit of a single element. */
export async function compareAgainstWrong(): Promise<number> {
  const cpu = createCpuBackend();
  const right = await opCases[0].run(cpu);
  cpu.dispose();
  const wrong = right.map((values) => values.slice());
  wrong[0][0] *= 1.0001;
  return difference(wrong, right).worst;
}
