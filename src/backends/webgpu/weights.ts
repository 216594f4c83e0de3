/** Kernels that read a weight: one for each format that it may be stored in. Only those that a model uses are compiled. */

import blockRows from "../../../shaders/block_rows.wgsl?raw";
import chunksF16 from "../../../shaders/chunks_f16.wgsl?raw";
import chunksF32 from "../../../shaders/chunks_f32.wgsl?raw";
import chunksQ4 from "../../../shaders/chunks_q4.wgsl?raw";
import chunksQ8 from "../../../shaders/chunks_q8.wgsl?raw";
import weightsF16 from "../../../shaders/weights_f16.wgsl?raw";
import weightsF32 from "../../../shaders/weights_f32.wgsl?raw";
import weightsQ4 from "../../../shaders/weights_q4.wgsl?raw";
import weightsQ8 from "../../../shaders/weights_q8.wgsl?raw";
import type { Tensor } from "../../tensor/tensor";
import { BLOCK, type WeightFormat } from "../../tensor/weight-format";
import { kernel, type Kernel } from "./kernel";
import { INTEGER_WORDS } from "./weight-layout";

export type ByFormat<Binding extends string, Param extends string> = Record<WeightFormat, Kernel<Binding, Param>>;

/** Shader files that read the weights, put in front of the kernel; and their constants. */
interface Reader {
  shader: Record<string, string>;
  constants?: Record<string, number>;
}

const blocked = (format: "q8" | "q4", shader: Record<string, string>): Reader => ({
  shader: { "block_rows.wgsl": blockRows, ...shader },
  constants: { BLOCK_VEC4S: BLOCK / 4, BLOCK_WORDS: INTEGER_WORDS[format] },
});

/** One vec4 at a time. */
const BY_VEC4: Readonly<Record<WeightFormat, Reader>> = {
  f32: { shader: { "weights_f32.wgsl": weightsF32 } },
  f16: { shader: { "weights_f16.wgsl": weightsF16 } },
  q8: blocked("q8", { "weights_q8.wgsl": weightsQ8 }),
  q4: blocked("q4", { "weights_q4.wgsl": weightsQ4 }),
};
/** As much as a thread loads at once, a chunk. */
const BY_CHUNK: Readonly<Record<WeightFormat, Reader>> = {
  f32: { shader: { "chunks_f32.wgsl": chunksF32 } },
  f16: { shader: { "chunks_f16.wgsl": chunksF16 } },
  q8: blocked("q8", { "chunks_q8.wgsl": chunksQ8 }),
  q4: blocked("q4", { "chunks_q4.wgsl": chunksQ4 }),
};
/** vec4s of a chunk, and how many of its chunks a thread may load at once: together 32 bytes of each row of w, or 16. */
export const CHUNKS: Readonly<Record<WeightFormat, { vec4s: number; atOnce: number }>> = {
  f32: { vec4s: 1, atOnce: 2 },
  f16: { vec4s: 1, atOnce: 4 },
  q8: { vec4s: 4, atOnce: 1 },
  q4: { vec4s: 4, atOnce: 1 },
};

export type KernelDescription<Binding extends string, Param extends string> = Parameters<
  typeof kernel<Binding, Param>
>[0];

const readBy =
  (readers: Readonly<Record<WeightFormat, Reader>>) =>
  /** @param constantsOf those that depend on the format */
  <Binding extends string, Param extends string>(
    description: KernelDescription<Binding, Param>,
    constantsOf?: (format: WeightFormat) => Record<string, number>,
  ): ByFormat<Binding, Param> => {
    const inFormat = (format: WeightFormat): Kernel<Binding, Param> =>
      kernel({
        ...description,
        name: format === "f32" ? description.name : `${description.name}_${format}`,
        shader: { ...readers[format].shader, ...description.shader },
        constants: { ...readers[format].constants, ...description.constants, ...constantsOf?.(format) },
      });
    return { f32: inFormat("f32"), f16: inFormat("f16"), q8: inFormat("q8"), q4: inFormat("q4") };
  };

/** A kernel that calls `weight` of weights_*.wgsl. */
export const byFormat = readBy(BY_VEC4);
/** A kernel that calls `chunk` of chunks_*.wgsl. */
export const inChunks = readBy(BY_CHUNK);

/** Of a weight, whose dtype the contract of the operation has checked. */
export const formatOf = (weight: Tensor): WeightFormat => weight.dtype as WeightFormat;
