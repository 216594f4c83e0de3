/** What models can run on here, and how one would run: asked before anything is downloaded. */

import type { LoadOptions } from "../engine/load-options";
import type { AdapterInfo } from "../backends/webgpu/adapter";
import type { Forecast } from "../engine/forecast";
import type { Source } from "../loading/sources/source";
import type { StorageSupport } from "../loading/store/choose-shelf";
import { loadPart } from "../util/part";

/** What this environment can compute on. */
export interface Support {
  /** Whether `device: "webgpu"` would work here. */
  webgpu: boolean;
  /** Why there is no WebGPU, in a sentence. Absent with WebGPU. */
  reason?: string;
  /** The GPU; `device: "auto"` does not take one with `fallback`. Absent without WebGPU. */
  adapter?: AdapterInfo;
  /** The limits of the GPU, by their names in WebGPU. Absent without WebGPU. */
  limits?: Record<string, number>;
  /** The optional features of the GPU, by their names in WebGPU. Absent without WebGPU. */
  features?: string[];
  /** Whether `device: "wasm"` would work here. */
  wasm: boolean;
  /** Why WebAssembly cannot be used, in a sentence. Absent where it can. */
  wasmReason?: string;
  /** What this WebAssembly has. The engine needs `simd`, and takes `relaxedSimd` and `threads` where they are. */
  wasmFeatures: {
    /** Vectors of 128 bits. */
    simd: boolean;
    /** Faster operations on them, whose last bits depend on the machine. */
    relaxedSimd: boolean;
    /** Memory that several threads share; they also need `isolated`. */
    threads: boolean;
    /** Memories of more than 4 GiB. */
    memory64: boolean;
  };
  /** `device: "cpu"` works everywhere. */
  cpu: true;
  /** Whether the page is cross-origin isolated, which several threads need. */
  isolated: boolean;
  /** Where downloaded models are kept, and how much room there is. */
  storage: StorageSupport;
  /** How the model of the source would be loaded. Absent without a source. */
  model?: Forecast;
}

/** The options of the load that `checkSupport` is asked about. */
export type SupportOptions = Pick<LoadOptions, "device" | "dtype" | "signal" | "cache">;

/**
 * Asks the browser what it has. With a source it also says how that model would be loaded, for which it reads config.json and
 * the names and shapes of the tensors, but no weights. Throws nothing where something cannot run: it says why.
 *
 * Where a Content-Security-Policy forbids WebAssembly, the browser logs that it was tried: there is no other way to find out.
 * @param source as for `load`
 * @param options of that load
 * @throws ModelError for an invalid source or option, and where a part of this package cannot be loaded;
 * `signal.reason` once aborted
 */
export async function checkSupport(source?: Source, options: SupportOptions = {}): Promise<Support> {
  const { supportOf } = await loadPart("says what runs here", () => import("../engine/support"));
  return supportOf(source, options);
}
