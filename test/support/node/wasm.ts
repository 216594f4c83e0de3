/** The kernels of wasm/ over a memory of their own, for tests of single kernels. */

import { setFlagsFromString } from "node:v8";
import { instantiate, moduleBytes, type Kernels, type ModuleName } from "../../../src/backends/wasm/kernels";

/**
 * Node 20 has relaxed SIMD behind a flag, and a draft of it: its integer dot product takes the other operand for the one of
 * seven bits. test/browser/wasm.test.ts has the finished one.
 */
export const isDraft = !WebAssembly.validate(moduleBytes("relaxed"));

/** Lets this process run the relaxed module. */
export function allowRelaxed(): void {
  if (isDraft) setFlagsFromString("--experimental-wasm-relaxed-simd");
}

export interface Bench {
  kernels: Kernels;
  /** Copies an array into the memory and returns its address. No array is at a multiple of 16, so nothing relies on that. */
  put(data: Float32Array | Uint32Array): number;
  /** Room for so many floats or words, full of NaN. */
  room(length: number): number;
  floats(at: number, length: number): Float32Array;
  words(at: number, length: number): Uint32Array;
  /** Gives the whole memory up. */
  clear(): void;
}

export async function createBench(name: ModuleName): Promise<Bench> {
  allowRelaxed();
  const memory = new WebAssembly.Memory({ initial: 2048, maximum: 65_536 });
  const kernels = await instantiate(await WebAssembly.compile(moduleBytes(name)), memory);
  let next = 20;
  const room = (length: number): number => {
    const at = next;
    next += 4 * length + 36;
    next += next % 16 === 0 ? 4 : 0;
    if (next > memory.buffer.byteLength) throw new Error("The memory of this test is full.");
    // What lies around an array is NaN, so that whoever reads past an end gets caught.
    new Float32Array(memory.buffer, at - 4, (next - at) / 4).fill(NaN);
    return at;
  };
  return {
    kernels,
    room,
    put(data) {
      const at = room(data.length);
      new Uint32Array(memory.buffer, at, data.length).set(new Uint32Array(data.buffer, data.byteOffset, data.length));
      return at;
    },
    floats: (at, length) => new Float32Array(memory.buffer, at, length).slice(),
    words: (at, length) => new Uint32Array(memory.buffer, at, length).slice(),
    clear: () => void (next = 20),
  };
}
