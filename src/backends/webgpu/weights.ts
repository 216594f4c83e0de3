/** Kernels that read a weight: one for each format that it may be stored in. Only those that a model uses are compiled. */

import weightsF16 from "../../../shaders/weights_f16.wgsl?raw";
import weightsF32 from "../../../shaders/weights_f32.wgsl?raw";
import weightsQ4 from "../../../shaders/weights_q4.wgsl?raw";
import weightsQ8 from "../../../shaders/weights_q8.wgsl?raw";
import type { Tensor } from "../../tensor/tensor";
import { BLOCK, BLOCK_WORDS, type WeightFormat } from "../../tensor/weight-format";
import { kernel, type Kernel } from "./kernel";

export type ByFormat<Binding extends string, Param extends string> = Record<WeightFormat, Kernel<Binding, Param>>;

/** How the weights are read, put in front of the kernel; and the constants of that. */
const READERS: Readonly<Record<WeightFormat, { shader: Record<string, string>; constants?: Record<string, number> }>> =
  {
    f32: { shader: { "weights_f32.wgsl": weightsF32 } },
    f16: { shader: { "weights_f16.wgsl": weightsF16 } },
    q8: {
      shader: { "weights_q8.wgsl": weightsQ8 },
      constants: { BLOCK_VEC4S: BLOCK / 4, BLOCK_WORDS: BLOCK_WORDS.q8 },
    },
    q4: {
      shader: { "weights_q4.wgsl": weightsQ4 },
      constants: { BLOCK_VEC4S: BLOCK / 4, BLOCK_WORDS: BLOCK_WORDS.q4 },
    },
  };

export function byFormat<Binding extends string, Param extends string>(
  description: Parameters<typeof kernel<Binding, Param>>[0],
): ByFormat<Binding, Param> {
  const inFormat = (format: WeightFormat): Kernel<Binding, Param> =>
    kernel({
      ...description,
      name: format === "f32" ? description.name : `${description.name}_${format}`,
      shader: { ...READERS[format].shader, ...description.shader },
      constants: { ...READERS[format].constants, ...description.constants },
    });
  return { f32: inFormat("f32"), f16: inFormat("f16"), q8: inFormat("q8"), q4: inFormat("q4") };
}

/** Of a weight, whose dtype the contract of the operation has checked. */
export const formatOf = (weight: Tensor): WeightFormat => weight.dtype as WeightFormat;
