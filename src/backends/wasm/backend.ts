/**
 * The WebAssembly backend: the CPU backend with its tensors in one memory, and SIMD kernels (wasm/) for all that takes
 * time.
 */

import { messageOf, ModelError } from "../../errors";
import type { MoreOperations } from "../../ops/operations";
import type { Ops } from "../../ops/ops";
import { createArrayBackend } from "../cpu/backend";
import type { Arithmetic } from "../cpu/int8";
import { createTensors } from "../cpu/tensors";
import { loadPart } from "../../util/part";
import { instantiate, moduleBytes, sharing, type Kernels, type ModuleName } from "./kernels";
import { Space } from "./memory";
import { createImplementation } from "./operations";
import { multipliesIntegers } from "./self-test";
import { wasmRefusal } from "./support";
import { arraysIn } from "./tensors";
import { countThreads, warnOfThreads, type ThreadOptions } from "./thread-count";

const HINT = "A Content-Security-Policy allows WebAssembly by 'wasm-unsafe-eval' in script-src.";

/** Compiled once, however many models are loaded. */
const compiled = new Map<string, Promise<WebAssembly.Module>>();

function compile(name: ModuleName, shared: boolean): Promise<WebAssembly.Module> {
  const key = `${name}, ${shared}`;
  const bytes = moduleBytes(name);
  const module = compiled.get(key) ?? WebAssembly.compile(shared ? sharing(bytes) : bytes);
  compiled.set(key, module);
  return module;
}

/** The module that this engine takes: one relaxed instruction that it lacks, and it refuses the whole module. */
export const bestModule = (): ModuleName => (WebAssembly.validate(moduleBytes("relaxed")) ? "relaxed" : "simd");

/** The memory, shared where there are to be several threads. An engine may have too few addresses for a shared one. */
function openSpace(count: number, options: ThreadOptions): Space {
  try {
    return new Space(count > 1);
  } catch (error) {
    if (count === 1) throw error;
    warnOfThreads(options, error);
    return new Space();
  }
}

interface WasmOptions extends ThreadOptions {
  arithmetic: Arithmetic;
}

/**
 * @param name which module; by default the best that runs here
 * @param given with `arithmetic: "int8"` the other module is taken if this one does not multiply integers as it should
 * @throws ModelError `unsupported_device` where there is no WebAssembly with SIMD, or the page does not allow it
 */
export async function createWasmBackend(
  name?: ModuleName,
  given: Partial<WasmOptions> = {},
  more?: MoreOperations,
): Promise<Ops> {
  const options: WasmOptions = { threads: "auto", arithmetic: "f32", ...given };
  const { arithmetic } = options;
  const refusal = wasmRefusal();
  if (refusal) throw new ModelError("unsupported_device", refusal, HINT);
  try {
    const count = countThreads(options);
    const space = openSpace(count, options);
    let module = await compile(name ?? bestModule(), space.shared);
    let kernels = await instantiate(module, space.memory);
    if (arithmetic === "int8" && !multipliesIntegers(kernels, space)) {
      module = await compile("simd", space.shared);
      kernels = await instantiate(module, space.memory);
    }
    let end = (): void => undefined;
    if (space.shared) {
      const { startThreads } = await loadPart("computes on several threads", () => import("./threads"));
      ({ split: kernels, end } = await startThreads(count, options, module, kernels, space));
    }
    const tensors = createTensors(arraysIn(space, kernels));
    const implementation = createImplementation(kernels, space, arithmetic);
    return createArrayBackend("wasm", { ...tensors, dispose }, implementation, more);

    function dispose(): void {
      tensors.dispose();
      end();
      // Kernels hold their memory, and plans of a model that someone may still refer to hold the kernels.
      for (const name of Object.keys(kernels)) delete kernels[name as keyof Kernels];
      end = () => undefined;
      space.release();
    }
  } catch (cause) {
    if (cause instanceof ModelError) throw cause;
    throw new ModelError("unsupported_device", `The WebAssembly kernels can't be started: ${messageOf(cause)}`, HINT, {
      cause,
    });
  }
}
