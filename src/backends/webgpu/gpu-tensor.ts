/** What the backend knows of a tensor: how many bytes it has and in which buffers it lies. */

import { rowsOf, type DType, type Tensor } from "../../tensor/tensor";
import { deviceRowWords } from "./weight-layout";

export interface GpuTensor extends Tensor {
  /** In bytes, rows padded. */
  readonly bytes: number;
  readonly dtype: DType;
  /** Absent while a temporary is being recorded, and where there are parts. */
  buffer?: GPUBuffer;
  /** Of a weight that is too large for one buffer. */
  parts?: readonly Part[];
  /** Of scores: their maxima by workgroups, which the product that made them has kept. */
  maxima?: Maxima;
}

/** See shaders/maxima_common.wgsl. */
export interface Maxima {
  /** (3, rows, parts) */
  tensor: GpuTensor;
  /** vec4s of a part; undefined where they differ, because the weights lie in several buffers. */
  columns: number | undefined;
}

export interface Part {
  tensor: GpuTensor;
  /** The row of the whole that it begins with; a multiple of four. */
  first: number;
}

/** vec4s that hold `length` elements. */
export const vec4s = (length: number): number => Math.ceil(length / 4);

/** A tensor without a buffer. */
export function describe(shape: readonly number[], dtype: DType): GpuTensor {
  const [rows, width] = rowsOf(shape);
  const words = dtype === "u32" ? rows * width : Math.ceil(rows / 4) * 4 * deviceRowWords(dtype, width);
  return { shape: [...shape], dtype, bytes: Math.max(16, 4 * words) };
}
