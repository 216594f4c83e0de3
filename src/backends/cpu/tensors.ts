/** Tensors in arrays. */

import { disposedError, invariant, ModelError } from "../../errors";
import type { Memory, Purpose, Slice } from "../../ops/ops";
import { pack, rowWords, unpack, unpackRow } from "../../tensor/weight-format";
import { rowsOf, shapeText, size, type DType, type Tensor } from "../../tensor/tensor";
import { COLUMNS } from "./products";

export interface CpuTensor extends Tensor {
  readonly purpose: Purpose;
  /** Of the elements. */
  readonly bytes: number;
  readonly data: Float32Array | Uint32Array;
}

/** Where the elements of tensors lie. */
export interface Arrays {
  /**
   * A tensor of zeros.
   * @param words how many floats or words its elements take
   * @throws ModelError `out_of_memory`
   */
  allocate(this: void, tensor: Omit<CpuTensor, "data" | "bytes">, words: number): CpuTensor;
  /** Gives the elements up. */
  release(this: void, tensor: CpuTensor): void;
}

/** Each tensor has an array of its own. */
const plainArrays: Arrays = {
  allocate(tensor, words) {
    try {
      return {
        ...tensor,
        bytes: 4 * words,
        data: tensor.dtype === "f32" ? new Float32Array(words) : new Uint32Array(words),
      };
    } catch (cause) {
      throw new ModelError("out_of_memory", `${4 * words} bytes can't be allocated.`, undefined, { cause });
    }
  },
  release: (tensor) => void Object.assign(tensor, { data: new Float32Array(0) }),
};

export const f32 = (tensor: Tensor) => (tensor as CpuTensor).data as Float32Array;
export const u32 = (tensor: Tensor) => (tensor as CpuTensor).data as Uint32Array;

/** Stored in fewer bits. f32 and u32 are plain arrays here, without the padding that weight-format.ts gives f32 rows. */
const isPacked = (dtype: DType) => dtype !== "f32" && dtype !== "u32";

/** The rows of a weight as floats, in whatever format it is stored. */
export interface CpuMatrix {
  /** Loads up to `COLUMNS` rows to `values`, one after another; returns where they begin. They stay until the next call. */
  load(this: void, first: number, count: number): number;
  values: Float32Array;
}

export function matrix(tensor: Tensor): CpuMatrix {
  const { dtype, shape } = tensor;
  const [, width] = rowsOf(shape);
  if (!isPacked(dtype)) return { values: f32(tensor), load: (first) => first * width };
  const values = new Float32Array(COLUMNS * width);
  const load = (first: number, count: number): number => {
    for (let i = 0; i < count; i++) {
      const out = values.subarray(i * width, (i + 1) * width);
      unpackRow(dtype, u32(tensor), (first + i) * rowWords(dtype, width), out);
    }
    return 0;
  };
  return { values, load };
}

export function createTensors({ allocate, release }: Arrays = plainArrays) {
  const memory: Memory = { weights: 0, cache: 0, activations: 0, staging: 0 };
  const live = new Set<CpuTensor>();
  let disposed = false;

  function checkAlive(): void {
    if (disposed) throw disposedError();
  }

  function create(
    shape: readonly number[],
    dtype: DType,
    purpose: Purpose,
    data?: Float32Array | Uint32Array,
  ): CpuTensor {
    checkAlive();
    const length = size(shape);
    invariant(!data || data.length === length, `create: ${data?.length} values for shape ${shapeText(shape)}`);
    const [rows, width] = rowsOf(shape);
    const words = isPacked(dtype) ? rows * rowWords(dtype, width) : length;
    const made = allocate({ shape: [...shape], dtype, purpose }, words);
    memory[purpose] += made.bytes;
    live.add(made);
    if (data) write(made, data);
    return made;
  }

  function write(tensor: Tensor, values: Float32Array | Uint32Array, start = 0): void {
    checkAlive();
    const { dtype, shape, data } = tensor as CpuTensor;
    invariant(start + values.length <= size(shape), `write: ${values.length} values into ${shapeText(shape)}`);
    if (!isPacked(dtype)) return data.set(values, start);
    const [, width] = rowsOf(shape);
    data.set(pack(dtype, values as Float32Array, width), (start / width) * rowWords(dtype, width));
  }

  function writePacked(tensor: Tensor, words: Uint32Array, first: number): void {
    checkAlive();
    const { dtype, shape, data } = tensor as CpuTensor;
    const [rows, width] = rowsOf(shape);
    invariant(isPacked(dtype), `writePacked: ${dtype} rows are not packed`);
    const pitch = rowWords(dtype, width);
    invariant(first + words.length / pitch <= rows, `writePacked: ${words.length} words into ${shapeText(shape)}`);
    data.set(words, first * pitch);
  }

  function read({ tensor, start, count }: Slice): Float32Array | Uint32Array {
    const { dtype, shape, data } = tensor as CpuTensor;
    if (!isPacked(dtype)) return data.slice(start, start + count);
    const [, width] = rowsOf(shape);
    const pitch = rowWords(dtype, width);
    return unpack(dtype, u32(tensor).subarray((start / width) * pitch, ((start + count) / width) * pitch), width);
  }

  function copy({ tensor, start, count }: Slice, to: Tensor, first: number): void {
    checkAlive();
    invariant(tensor.dtype === "f32" && to.dtype === "f32", "copy: the tensors are not f32");
    f32(to).set(f32(tensor).subarray(start, start + count), first);
  }

  function free(tensors: Iterable<Tensor>): void {
    for (const tensor of tensors as Iterable<CpuTensor>) {
      if (!live.delete(tensor)) continue;
      memory[tensor.purpose] -= tensor.bytes;
      release(tensor);
    }
  }

  function dispose(): void {
    disposed = true;
    free([...live]);
  }

  return { memory, checkAlive, create, write, writePacked, copy, read, free, dispose };
}
