/** Runs the table of operation cases on the GPU and on the CPU, in a page, and reports where they differ. */

import { createCpuBackend } from "../../../src/backends/cpu/backend";
import { createWebGpuBackend } from "../../../src/backends/webgpu/backend";
import { more } from "../shared/audio-operations";
import type { Ops } from "../../../src/ops/ops";
import { largestPart } from "../../../src/backends/webgpu/parts";
import { EARLIER_GPU_TUNING, GPU_TUNING, SOFTWARE_TUNING, type Tuning } from "../../../src/backends/webgpu/tuning";
import { difference, type Difference } from "../shared/difference";
import { operationNames, watch, type OperationName } from "../shared/op-bench";
import { opCases, type OpCase } from "../shared/op-cases";

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

export const TUNINGS = {
  // A GPU that few workgroups fill, so that small cases meet the kernels for large products.
  gpu: { ...GPU_TUNING, fullGrid: 8 },
  rows: { ...GPU_TUNING, matvec: "rows", fullGrid: 8 },
  subgroups: { ...GPU_TUNING, reduction: "subgroups" },
  earlier: EARLIER_GPU_TUNING,
  software: SOFTWARE_TUNING,
} satisfies Record<string, Tuning>;

/** What the specification makes of each case, so that the variants of a page compute it once. */
const specified = new Map<string, (Float32Array | Uint32Array)[]>();

async function specification({ name, run }: OpCase): Promise<(Float32Array | Uint32Array)[]> {
  const known = specified.get(name);
  if (known) return known;
  const cpu = createCpuBackend("f32", more);
  const made = await run(cpu);
  cpu.dispose();
  specified.set(name, made);
  return made;
}

/** Cases under way: a software adapter compiles the kernels of several on as many cores. */
const AT_A_TIME = 4;

/**
 * Each case on a backend and on the CPU.
 * @param operation only the cases with it
 * @param expectedOf what a case must give; by default the specification
 * @param words only the cases that have these in their names
 * @param except not the cases whose names match this pattern
 */
export async function compareCases(
  backend: Ops,
  operation?: OperationName,
  expectedOf = specification,
  words = "",
  except?: RegExp,
): Promise<Comparison[]> {
  const chosen = opCases.filter(
    ({ name, operations }) =>
      (!operation || operations.includes(operation)) && name.includes(words) && !except?.test(name),
  );
  const comparisons: Comparison[] = [];
  const compare = async (opCase: OpCase): Promise<Comparison> => {
    const watched = watch(backend);
    // A case makes its tensors before it waits for anything, so this limit is its own.
    largestPart.bytes = opCase.name.endsWith(" in parts") ? 512 : Infinity;
    let result: Difference;
    try {
      result = difference(await opCase.run(watched.ops), await expectedOf(opCase));
    } catch (error) {
      result = { worst: Infinity, detail: String(error) };
    }
    const format = [...watched.formats].find((dtype) => dtype !== "f32") ?? "f32";
    return { name: opCase.name, operations: [...watched.operations], format, ...result };
  };
  let next = 0;
  const compareInTurn = async (): Promise<void> => {
    while (next < chosen.length) {
      const at = next++;
      comparisons[at] = await compare(chosen[at]);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, compareInTurn));
  largestPart.bytes = Infinity;
  return comparisons;
}

/**
 * @param variant which kernels: those for GPUs, variants of them, or those for software adapters
 * @param operation only the cases with it
 * @param except a pattern: not the cases whose names match it
 */
export async function compareOps(
  variant: keyof typeof TUNINGS,
  operation?: OperationName,
  except?: string,
): Promise<OpsReport> {
  const kernels = new Set<string>();
  const { createComputePipelineAsync } = GPUDevice.prototype;
  GPUDevice.prototype.createComputePipelineAsync = function (descriptor) {
    kernels.add(descriptor.label ?? "");
    return createComputePipelineAsync.call(this, descriptor);
  };
  const { ops: gpu } = await createWebGpuBackend(TUNINGS[variant], undefined, more);
  const comparisons = await compareCases(
    gpu,
    operation,
    undefined,
    undefined,
    except === undefined ? except : new RegExp(except),
  );
  gpu.dispose();
  GPUDevice.prototype.createComputePipelineAsync = createComputePipelineAsync;
  return { comparisons, kernels: [...kernels] };
}

/** A few cases: the first and the last of each operation, and one in each weight format. For devices that take long. */
export async function compareSome(variant: keyof typeof TUNINGS): Promise<Comparison[]> {
  const { ops: gpu } = await createWebGpuBackend(TUNINGS[variant], undefined, more);
  const having = (fits: (opCase: (typeof opCases)[number]) => boolean) => opCases.filter(fits);
  const chosen = [
    ...operationNames.map((name) => having(({ operations }) => operations.includes(name))),
    ...["f16", "q8", "q4"].map((format) => having(({ name }) => name.startsWith(`linear ${format} `))),
  ].flatMap((cases) => [cases[0], cases[cases.length - 1]]);
  const comparisons: Comparison[] = [];
  for (const { name } of new Set(chosen)) comparisons.push(...(await compareCases(gpu, undefined, undefined, name)));
  gpu.dispose();
  return comparisons;
}

/** The comparison of a result with one that is off in the fifth digit of a single element. */
export async function compareAgainstWrong(): Promise<number> {
  const right = await specification(opCases[0]);
  const wrong = right.map((values) => values.slice());
  wrong[0][0] *= 1.0001;
  return difference(wrong, right).worst;
}
