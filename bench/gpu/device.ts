/** A backend of the engine whose GPUDevice the bench can reach, with timestamps where the adapter has them. */

import { createWebGpuBackend } from "../../src/backends/webgpu/backend";
import type { AdapterInfo } from "../../src/backends/webgpu/adapter";
import type { Tuning } from "../../src/backends/webgpu/tuning";
import type { Ops } from "../../src/ops/ops";

/** The newest device that was opened on this thread, by the engine or by the bench. */
let newest: GPUDevice | undefined;
let watched = false;

/** Has every device that is opened from now on offer timestamps, and remembers it. */
export function watchDevices(): void {
  if (watched) return;
  watched = true;
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (descriptor = {}) {
    const requiredFeatures = [...(descriptor.requiredFeatures ?? [])] as GPUFeatureName[];
    if (this.features.has("timestamp-query")) requiredFeatures.push("timestamp-query");
    newest = await requestDevice.call(this, { ...descriptor, requiredFeatures });
    return newest;
  };
}

export const newestDevice = (): GPUDevice => {
  if (!newest) throw new Error("no GPU device was opened");
  return newest;
};

export interface Opened {
  ops: Ops;
  device: GPUDevice;
  adapter: AdapterInfo;
}

/** A backend of its own, on a device of its own. */
export async function openGpu(tuning?: Tuning): Promise<Opened> {
  watchDevices();
  const { ops, adapter } = await createWebGpuBackend(tuning);
  return { ops, device: newestDevice(), adapter };
}

/** A device without the engine, and what its adapter can do. */
export async function openPlain(): Promise<{ device: GPUDevice; features: string[] }> {
  watchDevices();
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("there is no adapter");
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  const device = await adapter.requestDevice({ requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } });
  return { device, features: [...adapter.features].sort() };
}
