/** What this environment has. What a model needs of it is a part of its own (`forecast.ts`), since that takes the engine. */

import { wasmRefusal } from "../backends/wasm/support";
import { adapterInfo } from "../backends/webgpu/adapter";
import type { Source } from "../loading/sources/source";
import { loadPart } from "../util/part";
import type { Forecast } from "./forecast";
import { findGpu } from "./gpu";
import { checkLoadOptions, type LoadOptions } from "./load-options";

type Given = Pick<LoadOptions, "device" | "dtype" | "signal" | "cache">;

export async function supportOf(source: Source | null | undefined, given: Given) {
  const options = checkLoadOptions(given);
  const found = await findGpu();
  const wasmReason = wasmRefusal();
  const { describeStorage } = await loadPart("keeps models", () => import("../loading/store/choose-shelf"));
  const storage = await describeStorage();
  const modelOf = async (given: Source): Promise<Forecast> => {
    const { forecast } = await loadPart("says how a model would run", () => import("./forecast"));
    return forecast(given, options, found, wasmReason, storage);
  };
  const model = source === undefined || source === null ? undefined : await modelOf(source);
  return {
    ...("gpu" in found ? { webgpu: true, ...describeGpu(found.gpu) } : { webgpu: false, reason: found.reason }),
    wasm: wasmReason === undefined,
    ...(wasmReason !== undefined && { wasmReason }),
    wasmFeatures: wasmFeatures(),
    cpu: true as const,
    isolated: globalThis.crossOriginIsolated === true,
    storage,
    ...(model && { model }),
  };
}

function describeGpu(gpu: GPUAdapter) {
  const limits: Record<string, number> = {};
  // They are getters of the prototype, which no copy would have.
  for (const name in gpu.limits) {
    const value = (gpu.limits as unknown as Record<string, unknown>)[name];
    if (typeof value === "number") limits[name] = value;
  }
  return { adapter: adapterInfo(gpu), limits, features: [...gpu.features].sort() };
}

/** (module (func (result v128) ... )) and the like: the smallest modules that use a feature. */
const MODULES = {
  // i8x16.popcnt (i8x16.splat (i32.const 0))
  simd: [1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11],
  // i8x16.relaxed_swizzle of two splats
  relaxedSimd: [1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11],
  // a shared memory of one page
  threads: [5, 4, 1, 3, 1, 1],
  // a memory with 64-bit addresses
  memory64: [5, 3, 1, 4, 1],
};

function wasmFeatures() {
  const has = (name: keyof typeof MODULES): boolean =>
    typeof WebAssembly === "object" &&
    WebAssembly.validate(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, ...MODULES[name]));
  return { simd: has("simd"), relaxedSimd: has("relaxedSimd"), threads: has("threads"), memory64: has("memory64") };
}
