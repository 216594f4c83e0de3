// The bundler of the declarations does not look for them by itself.
// eslint-disable-next-line @typescript-eslint/triple-slash-reference
/// <reference path="./modules.d.ts" />

/**
 * The functions of wasm/index.ts, and how to get them: two modules of the same sources, of which an engine runs the one
 * that it takes. Pointers are byte addresses in the one memory; 0 stands for a tensor that is absent.
 */

import relaxed from "../../../wasm/index.ts?module=relaxed";
import simd from "../../../wasm/index.ts?module=simd";

type Pointer = number;

/** The headers of the files in wasm/ say what each computes. */
export interface Kernels {
  /** Bytes of a row of k weights. */
  rowBytes(format: number, k: number): number;
  /** Bytes of `scratch` that `product` needs. */
  productScratch(m: number, k: number, sum: number): number;
  product(
    format: number,
    x: Pointer,
    w: Pointer,
    y: Pointer,
    pitch: number,
    m: number,
    n: number,
    k: number,
    sum: number,
    scratch: Pointer,
  ): void;
  /** Bytes of a row that `quantize` makes of k elements. */
  quantizedBytes(k: number): number;
  quantize(out: Pointer, x: Pointer, m: number, k: number): void;
  /** Bytes of `scratch` that `productInt8` needs. */
  int8Scratch(k: number): number;
  productInt8(
    x: Pointer,
    w: Pointer,
    y: Pointer,
    pitch: number,
    m: number,
    n: number,
    k: number,
    scratch: Pointer,
  ): void;
  /** Whether the halves, a multiple of four, could be changed to those of `NORMAL_F16`. */
  normalHalves(at: Pointer, count: number): number;
  plainHalves(at: Pointer, count: number): void;
  finish(
    y: Pointer,
    m: number,
    n: number,
    scale: number,
    bias: Pointer,
    activation: number,
    residual: Pointer,
    multiply: Pointer,
  ): void;
  norm(out: Pointer, x: Pointer, weights: Pointer, rows: number, d: number, eps: number, rms: boolean): void;
  lookUp(out: Pointer, ids: Pointer, format: number, table: Pointer, factor: number, count: number, d: number): void;
  addPositions(
    out: Pointer,
    ids: Pointer,
    positions: Pointer,
    offset: Pointer,
    /** -1: positions are counted without regard to pads. */
    pad: number,
    b: number,
    t: number,
    d: number,
  ): void;
  split(
    query: Pointer,
    cache: Pointer,
    packed: Pointer,
    offset: Pointer,
    b: number,
    t: number,
    c: number,
    i: number,
  ): void;
  /** Bytes of `scratch` that `attention` needs. */
  attentionScratch(c: number, width: number): number;
  attention(
    out: Pointer,
    weights: Pointer,
    query: Pointer,
    cache: Pointer,
    mask: Pointer,
    causalFrom: Pointer,
    table: Pointer,
    buckets: Pointer,
    far: number,
    ancestors: Pointer,
    b: number,
    t: number,
    c: number,
    cacheRows: number,
    heads: number,
    width: number,
    scale: number,
    /** -1: all keys are seen. */
    before: number,
    after: number,
    firstHead: number,
    endHead: number,
    scratch: Pointer,
  ): void;
  softmax(out: Pointer, x: Pointer, rows: number, n: number): void;
  logSoftmax(out: Pointer, x: Pointer, rows: number, n: number): void;
  argmax(out: Pointer, x: Pointer, rows: number, n: number): void;
  topK(out: Pointer, x: Pointer, rows: number, n: number, k: number): void;
  candidates(
    out: Pointer,
    x: Pointer,
    running: Pointer,
    step: number,
    items: number,
    beams: number,
    n: number,
    k: number,
  ): void;
}

export type ModuleName = "simd" | "relaxed";

/** The bytes of a module. */
export function moduleBytes(name: ModuleName): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(name === "relaxed" ? relaxed : simd), (character) => character.charCodeAt(0));
}

/** What stands for the memory among a module's imports: its name, and that it has a maximum. */
const MEMORY_IMPORT = [..."\x06memory\x02\x01"].map((character) => character.charCodeAt(0));

/** The same module for a memory that threads share, which is one bit of the import. */
export function sharing(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const at = bytes.findIndex((_, i) => MEMORY_IMPORT.every((byte, j) => bytes[i + j] === byte));
  const shared = bytes.slice();
  shared[at + MEMORY_IMPORT.length - 1] |= 2;
  return shared;
}

/** The kernels over `memory`. */
export async function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<Kernels> {
  // AssemblyScript names an import after the file that declares it.
  const imports = { env: { memory }, softmax: { log: Math.log } };
  const { exports } = await WebAssembly.instantiate(module, imports);
  // A copy, which can be emptied.
  return { ...exports } as unknown as Kernels;
}
