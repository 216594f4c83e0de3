/** How the threads of a workgroup add up what they have: WGSL that is put in front of the kernels that do. */

import moments from "../../../shaders/moments.wgsl?raw";
import shares from "../../../shaders/reduce_shares.wgsl?raw";
import levels from "../../../shaders/reduce_levels.wgsl?raw";
import subgroups from "../../../shaders/reduce_subgroups.wgsl?raw";
import type { Tuning } from "./tuning";

/** Sums and maxima, in a kernel with the constant WORKGROUP. */
export const reduction = ({ reduction }: Pick<Tuning, "reduction">): Readonly<Record<string, string>> => ({
  "reduce_shares.wgsl": shares,
  ...(reduction === "subgroups" ? { "reduce_subgroups.wgsl": subgroups } : { "reduce_levels.wgsl": levels }),
});

/** Mean and variance of elements of x. */
export const momentsBy = (tuning: Tuning): Readonly<Record<string, string>> => ({
  ...reduction(tuning),
  "moments.wgsl": moments,
});
