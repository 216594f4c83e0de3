/**
 * The WebAssembly backend: the CPU backend with its tensors in one memory, and SIMD kernels (wasm/) for all that takes
 * time.
 */

import { ModelError } from "../../errors";
import type { Ops } from "../../ops/ops";
import { createArrayBackend } from "../cpu/backend";
import type { Arithmetic } from "../cpu/int8";
import { createTensors } from "../cpu/tensors";
import { instantiate, moduleBytes, type ModuleName } from "./kernels";
import { Space } from "./memory";
import { createImplementation } from "./operations";
import { multipliesIntegers } from "./self-test";
import { wasmRefusal } from "./support";
import { arraysIn } from "./tensors";

const HINT = "A Content-Security-Policy allows WebAssembly by 'wasm-unsafe-eval' in script-src.";

/** Compiled once, however many models are loaded. */
const compiled = new Map<ModuleName, Promise<WebAssembly.Module>>();

function compile(name: ModuleName): Promise<WebAssembly.Module> {
  const module = compiled.get(name) ?? WebAssembly.compile(moduleBytes(name));
  compiled.set(name, module);
  return module;
}

/** The module that this engine takes: one relaxed instruction that it lacks, and it refuses the whole module. */
export const bestModule = (): ModuleName => (WebAssembly.validate(moduleBytes("relaxed")) ? "relaxed" : "simd");

/**
 * @param name which module; by default the best that runs here
 * @param arithmetic "int8" takes the other module if this one does not multiply integers as it should
 * @throws ModelError `unsupported_device` where there is no WebAssembly with SIMD, or the page does not allow it
 */
export async function createWasmBackend(name?: ModuleName, arithmetic: Arithmetic = "f32"): Promise<Ops> {
  const refusal = wasmRefusal();
  if (refusal) throw new ModelError("unsupported_device", refusal, HINT);
  try {
    const space = new Space();
    let kernels = await instantiate(await compile(name ?? bestModule()), space.memory);
    if (arithmetic === "int8" && !multipliesIntegers(kernels, space))
      kernels = await instantiate(await compile("simd"), space.memory);
    return createArrayBackend("wasm", createTensors(arraysIn(space)), createImplementation(kernels, space, arithmetic));
  } catch (cause) {
    throw new ModelError(
      "unsupported_device",
      `The WebAssembly kernels can't be started: ${cause instanceof Error ? cause.message : String(cause)}`,
      HINT,
      { cause },
    );
  }
}
