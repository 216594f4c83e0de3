/** What the kernels call things. Apart from the kernels, so that code which loads without them may use it. */

import type { Activation } from "../../ops/ops";

/** A weight format; see wasm/weights.ts. */
export const FORMAT = { f32: 0, f16: 1, q8: 2, q4: 3 } as const;

/** What the kernels call f16 whose halves are never subnormal; see wasm/halves.ts. */
export const NORMAL_F16 = 4;

/** How many products are added up on their own, so that a sum of thousands loses no digits; see wasm/product.ts. */
export const SUM = 512;
/** The same in convolutions: all layers work on what they give, and they take a small part of a model's time. */
export const SHORT_SUM = 64;

/** An activation; see wasm/finish.ts. */
export const ACTIVATION = { none: 0, relu: 1, gelu: 2, gelu_new: 3, quick_gelu: 4, silu: 5, tanh: 6 } as const;

export const hasKernel = (activation: Activation): activation is keyof typeof ACTIVATION =>
  Object.hasOwn(ACTIVATION, activation);
