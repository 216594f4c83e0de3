/** Runs the table of operation cases on the GPU and on the CPU, in a page, and reports where they differ. */

import { createCpuBackend } from "../../../src/backends/cpu/backend";
import { createWebGpuBackend } from "../../../src/backends/webgpu/backend";
import { GPU_TUNING, SOFTWARE_TUNING } from "../../../src/backends/webgpu/tuning";
import { opCases } from "../shared/op-cases";

export interface Comparison {
  name: string;
  /** The largest |gpu - cpu| / (2e-6 + 1e-5 |cpu|), of floats; at most 1 is equal by the rule of the design. */
  worst: number;
  detail: string;
}

/** @param variant which kernels: those for GPUs or those for software adapters */
export async function compareOps(variant: "gpu" | "software", filter = ""): Promise<Comparison[]> {
  const { ops: gpu } = await createWebGpuBackend(variant === "gpu" ? GPU_TUNING : SOFTWARE_TUNING);
  const cpu = createCpuBackend();
  const comparisons: Comparison[] = [];
  for (const { name, run } of opCases) {
    if (!name.includes(filter)) continue;
    try {
      const [actual, expected] = [await run(gpu), await run(cpu)];
      comparisons.push({ name, ...difference(actual, expected) });
    } catch (error) {
      comparisons.push({ name, worst: Infinity, detail: String(error) });
    }
  }
  gpu.dispose();
  cpu.dispose();
  return comparisons;
}

/** Whole numbers are equal, or the bits of floats (far larger than any index) that are four roundings apart. */
function allowed(values: ArrayLike<number>, i: number): number {
  if (values instanceof Uint32Array) return values[i] < 2 ** 25 ? 1e-9 : 4;
  return 2e-6 + 1e-5 * Math.abs(values[i]);
}

export function difference(
  actual: ArrayLike<number>[],
  expected: ArrayLike<number>[],
): { worst: number; detail: string } {
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
