/**
 * How the threads of a workgroup find together what none of them has: WGSL that is put in front of the kernels that do. Of each there
 * are two files with the same functions, one through workgroup memory and one by the instructions for subgroups.
 */

import firstCommon from "../../../shaders/first_common.wgsl?raw";
import firstLevels from "../../../shaders/first_levels.wgsl?raw";
import firstSubgroups from "../../../shaders/first_subgroups.wgsl?raw";
import lanesLevels from "../../../shaders/lanes_levels.wgsl?raw";
import lanesSubgroups from "../../../shaders/lanes_subgroups.wgsl?raw";
import maximaLevels from "../../../shaders/maxima_levels.wgsl?raw";
import maximaSubgroups from "../../../shaders/maxima_subgroups.wgsl?raw";
import moments from "../../../shaders/moments.wgsl?raw";
import levels from "../../../shaders/reduce_levels.wgsl?raw";
import shares from "../../../shaders/reduce_shares.wgsl?raw";
import subgroups from "../../../shaders/reduce_subgroups.wgsl?raw";
import type { Tuning } from "./tuning";

type By = Pick<Tuning, "reduction">;
type Shader = Readonly<Record<string, string>>;

/** Sums and maxima, in a kernel with the constant WORKGROUP. */
export const reduction = ({ reduction }: By): Shader => ({
  "reduce_shares.wgsl": shares,
  ...(reduction === "subgroups" ? { "reduce_subgroups.wgsl": subgroups } : { "reduce_levels.wgsl": levels }),
});

/** Mean and variance of elements of x. */
export const momentsBy = (by: By): Shader => ({ ...reduction(by), "moments.wgsl": moments });

/** Sums over the lanes of each team, in matvec_rows.wgsl and matvec_score.wgsl. */
export const lanesBy = ({ reduction }: By): Shader =>
  reduction === "subgroups" ? { "lanes_subgroups.wgsl": lanesSubgroups } : { "lanes_levels.wgsl": lanesLevels };

/** The maximum, its index and the sum of exponentials. */
export const maximaBy = ({ reduction }: By): Shader =>
  reduction === "subgroups" ? { "maxima_subgroups.wgsl": maximaSubgroups } : { "maxima_levels.wgsl": maximaLevels };

/** The first entry of a list, in top_k.wgsl and top_of_parts.wgsl. */
export const firstBy = ({ reduction }: By): Shader => ({
  "first_common.wgsl": firstCommon,
  ...(reduction === "subgroups" ? { "first_subgroups.wgsl": firstSubgroups } : { "first_levels.wgsl": firstLevels }),
});
