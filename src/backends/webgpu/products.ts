/** What the kernels for products share: constants and parameters. */

import projectScalars from "../../../shaders/project_scalars.wgsl?raw";
import projectVec4s from "../../../shaders/project_vec4s.wgsl?raw";
import type { Activation } from "../../ops/linear";
import { named } from "./constants";
import type { ByFormat, KernelDescription } from "./weights";

export const ACTIVATION: Readonly<Record<Activation, number>> = {
  none: 0,
  relu: 1,
  gelu: 2,
  silu: 3,
  gelu_new: 4,
  quick_gelu: 5,
  tanh: 6,
  gelu_10: 7,
  sigmoid: 8,
  relu2: 9,
  relu6: 10,
  hardswish: 11,
  leaky_relu: 12,
  laplace: 13,
  mish: 14,
  sqrtsoftplus: 15,
};

/** What is done with the operand, a residual: the kernel may normalise it. */
export const OPERAND = { none: 0, added: 1, layerNormed: 2, rmsNormed: 3 };

export const PRODUCT_CONSTANTS = { ...named("ACTIVATION", ACTIVATION), ...named("OPERAND", OPERAND) };

/** Halves of w: 2 where one gates the other, see gated.wgsl. */
export const PLAIN = { HALVES: 1 };
export const GATED = { HALVES: 2 };

/** Where `projectQueryKeyValue` writes to, T, C and I, and what it turns by rotary positions. Zeros for `linear`. */
export const PROJECTION = { time: "u32", capacity: "u32", width: "u32", head_width: "u32", turned: "u32" } as const;
export const NO_PROJECTION = { time: 0, capacity: 0, width: 0, head_width: 0, turned: 0 };

/** How `projectQueryKeyValue` stores: its width, I, is a multiple of four, or it is not. Shaders of the other entry points have the first. */
export const STORES = {
  vec4s: { "project_vec4s.wgsl": projectVec4s },
  scalars: { "project_scalars.wgsl": projectScalars },
} as const;
export type Stores = keyof typeof STORES;

/**
 * The kernels of `projectQueryKeyValue`, one for each way to store.
 * @param make such as `byFormat`
 * @param shader the files of the shader, for a way to store
 */
export function projectKernels<Binding extends string, Param extends string>(
  make: (description: KernelDescription<Binding, Param>) => ByFormat<Binding, Param>,
  description: Omit<KernelDescription<Binding, Param>, "shader" | "entryPoint">,
  shader: (stores: Stores) => KernelDescription<Binding, Param>["shader"],
) {
  const { name } = description;
  const kernel = (name: string, stores: Stores): ByFormat<Binding, Param> =>
    make({ ...description, name, entryPoint: "project", shader: shader(stores) });
  return { project: kernel(name, "vec4s"), projectScalars: kernel(`${name}_scalars`, "scalars") };
}

/** The columns of a part of the weights: the first, and how many, in vec4s. */
export const PART = { first: "u32", count: "u32" } as const;
