/** What the engine needs of WebAssembly, found out without loading the kernels. */

import { messageOf } from "../../errors";

/** (module (func (result v128) (i8x16.popcnt (i8x16.splat (i32.const 0))))) */
const SIMD = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
];

/** Why WebAssembly can't be used here, in a sentence; undefined where it can. */
export function wasmRefusal(): string | undefined {
  if (typeof WebAssembly !== "object") return "There is no WebAssembly here.";
  const bytes = Uint8Array.from(SIMD);
  if (!WebAssembly.validate(bytes)) return "WebAssembly is here, but without SIMD.";
  try {
    // Under a Content-Security-Policy that forbids it, a module is valid and still can't be compiled.
    new WebAssembly.Module(bytes);
  } catch (error) {
    return `WebAssembly is here but refused: ${messageOf(error)}`;
  }
  return undefined;
}
