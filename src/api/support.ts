/** What models can run on here. */

import type { AdapterInfo } from "../backends/webgpu/adapter";
import { wasmRefusal } from "../backends/wasm/support";
import { gpuSupport } from "../engine/gpu";

/** What this environment can compute on. */
export interface Support {
  /** Whether `device: "webgpu"` would work here. */
  webgpu: boolean;
  /** Why there is no WebGPU, in a sentence. Absent with WebGPU. */
  reason?: string;
  /** The GPU; `device: "auto"` does not take one with `fallback`. Absent without WebGPU. */
  adapter?: AdapterInfo;
  /** Whether `device: "wasm"` would work here. */
  wasm: boolean;
  /** Why WebAssembly cannot be used, in a sentence. Absent where it can. */
  wasmReason?: string;
  /** `device: "cpu"` works everywhere. */
  cpu: true;
}

/**
 * Asks the browser what it has; loads nothing and throws nothing. Where a Content-Security-Policy forbids WebAssembly, the
 * browser logs that it was tried: there is no other way to find out.
 */
export async function checkSupport(): Promise<Support> {
  const wasmReason = wasmRefusal();
  return { ...(await gpuSupport()), wasm: wasmReason === undefined, ...(wasmReason && { wasmReason }), cpu: true };
}
