/**
 * Runs in a page: lets a device choose its kernels, with drivers that do something wrong or slowly. The software adapter passes
 * for a GPU here: a software adapter does not choose.
 */

import { createCpuBackend } from "../../../src/backends/cpu/backend";
import { createWebGpuBackend, type Choosing } from "../../../src/backends/webgpu/backend";
import { choiceStore, type ChoiceStore, type Kept } from "../../../src/backends/webgpu/choice-store";
import { groups as allGroups } from "../../../src/backends/webgpu/groups";
import type { Group } from "../../../src/backends/webgpu/self-test";
import { SOFTWARE_TUNING } from "../../../src/backends/webgpu/tuning";
import type { GpuPlan } from "../../../src/backends/webgpu/plan";
import { ModelError, Seq2Seq } from "../../../src/index";
import type { Ops, Plan } from "../../../src/ops/ops";
import { tinyCheckpoint } from "../shared/tiny";

/** What a driver makes of the kernels that have `kernel` in their names, or that add up in this way. */
export interface Driver {
  kernel: string;
  does: "wrong" | "slow" | "refuse";
}

/** In the WGSL of all products of few rows. */
const STORE = "y[to] = value;";
const DOES: Record<Driver["does"], string> = {
  wrong: "y[to] = value * 1.02;",
  slow: `var idle = value.x;
    for (var i = 0u; i < 300000u; i++) { idle = sin(idle + 1.0); }
    y[to] = select(value, vec4f(0.0), idle > 2.0);`,
  refuse: "y[to] = values;",
};
/** Where sums over a workgroup end, by the way in which it adds up. */
const SUMS: Readonly<Record<string, string>> = { levels: "return sum;", subgroups: "return subgroupAdd(sum);" };
const sumThat = (does: Driver["does"], end: string): string => {
  const sum = end.slice("return ".length, -1);
  if (does === "refuse") return `return ${sum}s;`;
  if (does === "wrong") return `return 1.02 * ${sum};`;
  return `var idle = sum.x;
    for (var i = 0u; i < 300000u; i++) { idle = sin(idle + 1.0); }
    return select(${sum}, vec4f(0.0), idle > 2.0);`;
};

/** Puts drivers in place of the browser's until the returned function is called; counts what is asked of the device. */
function withDrivers(drivers: readonly Driver[]): { queries(): number; restore(): void } {
  const { requestAdapter } = GPU.prototype;
  const { createShaderModule, createQuerySet } = GPUDevice.prototype;
  let queries = 0;
  GPU.prototype.requestAdapter = async function (options) {
    const adapter = await requestAdapter.call(this, options);
    const info = { vendor: "test", architecture: "", device: "", description: "a GPU by name" };
    return adapter && Object.defineProperty(adapter, "info", { value: info });
  };
  GPUDevice.prototype.createShaderModule = function (descriptor) {
    const { label = "", code } = descriptor;
    const driver = drivers.find(({ kernel }) => label.includes(kernel));
    if (driver && code.includes(STORE)) descriptor = { label, code: code.replace(STORE, DOES[driver.does]) };
    const adding = drivers.find(({ kernel }) => Object.hasOwn(SUMS, kernel) && code.includes(SUMS[kernel]));
    if (adding) {
      const end = SUMS[adding.kernel];
      descriptor = { label, code: code.replaceAll(end, sumThat(adding.does, end)) };
    }
    return createShaderModule.call(this, descriptor);
  };
  GPUDevice.prototype.createQuerySet = function (descriptor) {
    queries++;
    return createQuerySet.call(this, descriptor);
  };
  const restore = (): void => {
    Object.assign(GPU.prototype, { requestAdapter });
    Object.assign(GPUDevice.prototype, { createShaderModule, createQuerySet });
  };
  return { queries: () => queries, restore };
}

/** Products of one row, or what a workgroup adds up; little of it, so that little is compiled. `first` is the best guess. */
function small(first: string): Group[] {
  const group = allGroups.find(({ variants }) => variants.some(({ name }) => name === first));
  if (!group) throw new Error(`no group has a variant ${first}`);
  return [
    {
      ...group,
      variants: [...group.variants].sort((a, b) => Number(b.name === first) - Number(a.name === first)),
      work(samples) {
        const [x, w, bias] = [samples.floats(1, 1, 32), samples.matrix(32, 32), samples.floats(32)];
        return (ops) => [ops.linear(x, w, { bias })];
      },
      tests: group.tests.slice(0, 1),
    },
  ];
}

export interface ChoiceReport {
  /** The kernel that a product of one row was computed with, and how far it was off, relative to the CPU. */
  kernel?: string;
  off?: number;
  warnings: string[];
  /** What is kept after it. */
  kept: Kept | null;
  /** Whether anything was timed. */
  probed: boolean;
  error?: { code: string; message: string };
}

/** (1, 2, 3, 4) times a matrix of four rows. */
async function product(ops: Ops): Promise<{ values: ArrayLike<number>; plan: Plan }> {
  const numbers = Float32Array.from({ length: 16 }, (_, i) => 1 + i);
  const x = ops.create([1, 1, 4], "f32", "activations", numbers.subarray(0, 4));
  const w = ops.create([4, 4], "f32", "weights", numbers);
  const bias = ops.create([4], "f32", "weights");
  const plan = await ops.record("test", () => ops.linear(x, w, { bias }));
  const [values] = await ops.submit([plan], [{ tensor: plan.outputs, start: 0, count: 4 }]);
  return { values, plan };
}

/**
 * @param first the best guess
 * @param kept of an earlier load
 */
export async function choose(
  first: string,
  drivers: Driver[],
  options: Pick<Choosing, "kernels" | "limit"> = {},
  kept: Kept | null = null,
): Promise<ChoiceReport> {
  const asked = withDrivers(drivers);
  const warnings: string[] = [];
  const store: ChoiceStore = {
    get: async () => kept ?? undefined,
    set: async (_, value) => void (kept = value),
  };
  const found: Partial<ChoiceReport> = {};
  const cpu = createCpuBackend();
  try {
    const { ops } = await createWebGpuBackend(undefined, undefined, undefined, {
      ...{ format: "f32", groups: small(first), store, limit: 60_000, ...options },
      reference: async () => createCpuBackend(),
      onWarning: (message) => warnings.push(message),
    });
    try {
      const { values, plan } = await product(ops);
      const expected = (await product(cpu)).values;
      found.off = Math.max(...Array.from(expected, (value, i) => Math.abs(values[i] / value - 1)));
      found.kernel = (plan as GpuPlan).commands[0].pipeline.label;
    } finally {
      ops.dispose();
    }
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    found.error = { code: error.code, message: error.message };
  } finally {
    asked.restore();
    cpu.dispose();
  }
  return { ...found, warnings, kept, probed: asked.queries() > 0 };
}

/**
 * A model that "auto" puts on what passes for a GPU, and the same one on the CPU. Its kernels are those of software adapters, which
 * compile and run in a moment here; they are tested as any others are.
 */
export async function loadOnGpu(): Promise<{ devices: string[]; sequences: number[][][]; warnings: string[] }> {
  const { restore } = withDrivers([]);
  const warnings: string[] = [];
  const onWarning = (message: string): void => void warnings.push(message);
  const [devices, sequences]: [string[], number[][][]] = [[], []];
  for (const device of ["cpu", "auto"] as const) {
    const model = await Seq2Seq.load(tinyCheckpoint({ layers: 1 }), {
      device,
      onWarning,
      worker: false,
      kernels: device === "auto" ? SOFTWARE_TUNING : "auto",
    });
    devices.push(model.device);
    sequences.push((await model.generate([5, 6, 7], { max_new_tokens: 6 })).sequences);
    await model.dispose();
  }
  restore();
  return { devices, sequences, warnings };
}

/** What the browser's own store gives back: what was kept, nothing, and nothing after 40 days. */
export async function keptInBrowser(): Promise<(Kept | null)[]> {
  await caches.delete("attendant-kernels");
  await choiceStore.set("a | GPU", { matvec: "rows" });
  const found = [await choiceStore.get("a | GPU"), await choiceStore.get("another")];
  const { now } = Date;
  Date.now = () => now() + 40 * 86_400_000;
  found.push(await choiceStore.get("a | GPU"));
  Date.now = now;
  return found.map((kept) => kept ?? null);
}
