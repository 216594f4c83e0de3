/** Asks the browser for a GPU. */

import { messageOf } from "../errors";
import { adapterInfo, requestAdapter, type AdapterInfo } from "../backends/webgpu/adapter";

export interface GpuSupport {
  /** Whether there is a GPU that the engine can use. */
  webgpu: boolean;
  /** Why `webgpu` is false, in a sentence. */
  reason?: string;
  /** What the browser says of it. */
  adapter?: AdapterInfo;
}

/** The browser's GPU, or why it has none; throws nothing. */
export async function findGpu(): Promise<{ gpu: GPUAdapter } | { reason: string }> {
  try {
    return { gpu: await requestAdapter() };
  } catch (error) {
    return { reason: messageOf(error) };
  }
}

/** What the browser says of its GPU; throws nothing. */
export async function gpuSupport(): Promise<GpuSupport> {
  const found = await findGpu();
  return "gpu" in found ? { webgpu: true, adapter: adapterInfo(found.gpu) } : { webgpu: false, reason: found.reason };
}
