/** Runs in a page: a model on a device that has no more than what WebGPU promises everywhere. */

import { GPU_TUNING } from "../../../src/backends/webgpu/tuning";
import { Seq2Seq, type GenerationConfig } from "../../../src/index";
import { tinyCheckpoint } from "../shared/tiny";

/** What is asked of a device beyond the defaults. */
const RAISED = ["maxBufferSize", "maxStorageBufferBindingSize"];

export interface LimitsReport {
  /** Limits that the engine asked for, beside the sizes of buffers. */
  asked: string[];
  /** What the device had. */
  limits: Record<string, number>;
  /** Ids on the GPU and on the CPU, by how they were searched for. */
  sequences: Record<string, [gpu: number[][], cpu: number[][]]>;
}

const SEARCHES: Record<string, GenerationConfig> = {
  greedy: { max_new_tokens: 6 },
  "4 beams": { max_new_tokens: 6, num_beams: 4, repetition_penalty: 1.3 },
};

export async function withDefaultLimits(): Promise<LimitsReport> {
  const { requestDevice } = GPUAdapter.prototype;
  const report: LimitsReport = { asked: [], limits: {}, sequences: {} };
  GPUAdapter.prototype.requestDevice = async function ({ requiredLimits = {} } = {}) {
    report.asked = Object.keys(requiredLimits).filter((name) => !RAISED.includes(name));
    const device = await requestDevice.call(this);
    const { maxStorageBuffersPerShaderStage, maxComputeWorkgroupStorageSize } = device.limits;
    const { maxStorageBufferBindingSize, maxComputeInvocationsPerWorkgroup } = device.limits;
    report.limits = {
      ...{ maxStorageBuffersPerShaderStage, maxComputeWorkgroupStorageSize },
      ...{ maxStorageBufferBindingSize, maxComputeInvocationsPerWorkgroup },
    };
    return device;
  };
  const load = (device: "webgpu" | "cpu") =>
    Seq2Seq.load(tinyCheckpoint({ layers: 1 }), {
      device,
      worker: false,
      kernels: device === "webgpu" ? GPU_TUNING : "auto",
    });
  try {
    const [gpu, cpu] = [await load("webgpu"), await load("cpu")];
    const source = Array.from({ length: 20 }, (_, i) => 4 + (i % 9));
    for (const [name, options] of Object.entries(SEARCHES)) {
      const [ours, expected] = [await gpu.generate(source, options), await cpu.generate(source, options)];
      report.sequences[name] = [ours.sequences, expected.sequences];
    }
    await Promise.all([gpu.dispose(), cpu.dispose()]);
  } finally {
    GPUAdapter.prototype.requestDevice = requestDevice;
  }
  return report;
}
