/** What the browser offers: is there a GPU, and what does it say of itself? */

import { ModelError } from "../../errors";

/** What the browser says of the GPU: `GPUAdapterInfo` of WebGPU. Browsers leave fields empty for privacy. */
export interface AdapterInfo {
  /** The maker, such as "nvidia"; "" where the browser does not say. */
  vendor: string;
  /** The family of GPUs, such as "turing"; "" where the browser does not say. */
  architecture: string;
  /** The maker's number of the GPU; "" where the browser does not say. */
  device: string;
  /** In words; "" where the browser does not say. */
  description: string;
  /** Whether it is a software implementation: exact, but slow. */
  fallback: boolean;
}

const UPDATE_HINT = "Use a current Chrome, Edge, Safari or Firefox on a secure (https or localhost) page.";

export async function requestAdapter(): Promise<GPUAdapter> {
  const gpu = (globalThis.navigator as Navigator | undefined)?.gpu;
  if (!gpu) {
    throw new ModelError("unsupported_device", "This browser has no WebGPU (navigator.gpu is missing).", UPDATE_HINT);
  }
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    throw new ModelError(
      "unsupported_device",
      "WebGPU is here but gives no adapter: the GPU or its driver is not supported.",
      'Load with device: "cpu", or see chrome://gpu.',
    );
  }
  return adapter;
}

export function adapterInfo(adapter: GPUAdapter): AdapterInfo {
  // Browsers before 2024 have no `info`.
  const {
    vendor = "",
    architecture = "",
    device = "",
    description = "",
  } = (adapter.info as GPUAdapterInfo | undefined) ?? {};
  const flags = [adapter, adapter.info] as ({ isFallbackAdapter?: boolean } | undefined)[];
  const software = /swiftshader|llvmpipe|lavapipe|basic render|warp/i;
  const fallback =
    flags.some((flag) => flag?.isFallbackAdapter === true) || software.test(`${vendor} ${architecture} ${description}`);
  return { vendor, architecture, device, description, fallback };
}
