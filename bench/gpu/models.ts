/** The models of bench/compare end to end on a GPU: by the clock of the calling thread, and by the GPU's own. */

import type { LoadOptions } from "../../src/index";
import { measure, type Run, type Workload } from "../generate";
import { decodeWeights } from "../models";
import { median } from "../../src/backends/webgpu/pass-timer";
import { newestDevice, watchDevices } from "./device";
import { timePasses } from "./passes";

export const WORKLOADS: Record<string, Workload> = {
  "1 sentence": { rows: 1, source: 16, beams: 1 },
  "16 sentences": { rows: 16, source: 16, beams: 1 },
  "4 beams": { rows: 1, source: 16, beams: 4 },
  "source of 200": { rows: 1, source: 200, beams: 1 },
};

/** Bits of a weight. */
const BITS = { f32: 32, f16: 16, q8: 9, q4: 5 };

export interface ModelRun extends Run {
  tokensPerSecond: number;
  /** Milliseconds of a step of all rows: of the calling thread, and of the GPU. */
  stepMs: number;
  gpuStepMs?: number;
  /** 10^9 bytes per second: the weights that a step needs, over the time of a step. */
  gigabytes: number;
  gpuGigabytes?: number;
}

export interface ModelReport {
  loadMs: number;
  weights: number;
  runs: ModelRun[];
  /** Of a step of "1 sentence", dispatch by dispatch: microseconds and how often, by the kernel. */
  profile?: Record<string, { count: number; us: number }>;
}

/** The first step's passes, the encoder's too, are left out. */
const WARM = 4;
const PROFILED = 12;

export async function measureModel(
  name: string,
  options: LoadOptions,
  tokens: number,
  rounds: number,
): Promise<ModelReport> {
  watchDevices();
  const bytes = (decodeWeights(name) * BITS[options.dtype as keyof typeof BITS]) / 8;
  const gpuTimes = new Map<string, number>();
  let profile: ModelReport["profile"];
  const inspect = async ({ workload, dispatches }: Run, again: (tokens: number) => Promise<unknown>) => {
    const passes = await timePasses(newestDevice(), "passes", () => again(tokens));
    if (passes && passes.us.length > WARM) gpuTimes.set(workload, median(passes.us.slice(WARM)) / 1000);
    if (workload !== "1 sentence") return;
    const split = await timePasses(newestDevice(), "dispatches", () => again(PROFILED + 2));
    if (!split || split.labels.length < PROFILED * dispatches) return;
    profile = {};
    for (let i = split.labels.length - PROFILED * dispatches; i < split.labels.length; i++) {
      const entry = (profile[split.labels[i]] ??= { count: 0, us: 0 });
      entry.count += 1 / PROFILED;
      entry.us += split.us[i] / PROFILED;
    }
  };
  const { loadMs, memory, runs } = await measure(name, options, WORKLOADS, tokens, rounds, inspect);
  return {
    loadMs,
    weights: memory.weights,
    profile,
    runs: runs.map((run) => {
      const stepMs = run.msPerToken * WORKLOADS[run.workload].rows;
      const gpuStepMs = gpuTimes.get(run.workload);
      return {
        ...run,
        tokensPerSecond: 1000 / run.msPerToken,
        stepMs,
        gpuStepMs,
        gigabytes: bytes / stepMs / 1e6,
        gpuGigabytes: gpuStepMs && bytes / gpuStepMs / 1e6,
      };
    }),
  };
}
