/** The kernels for products of many rows: matmul.wgsl and matmul_tile.wgsl, which read what layer_norm.wgsl has made. */

import activation from "../../../shaders/activation.wgsl?raw";
import layout from "../../../shaders/layout.wgsl?raw";
import matmul from "../../../shaders/matmul.wgsl?raw";
import matmulCommon from "../../../shaders/matmul_common.wgsl?raw";
import matmulTile from "../../../shaders/matmul_tile.wgsl?raw";
import projectCommon from "../../../shaders/project_common.wgsl?raw";
import type { Grid } from "./kernel";
import { PART, PRODUCT_CONSTANTS, PROJECTION } from "./products";
import type { Tuning } from "./tuning";
import { byFormat } from "./weights";

/** A workgroup of matmul.wgsl: threads side by side along columns and rows; a thread computes ROWS rows by 4 columns. */
const REGISTER = { COLUMN_THREADS: 16, ROW_THREADS: 2, ROWS: 8 };
/** A workgroup of matmul_tile.wgsl: threads along rows and columns, and blocks of 4 by 4 of a thread. */
const TILE64 = { THREADS_M: 8, THREADS_N: 8, QUADS_M: 2, QUADS_N: 2 };
const TILE32 = { THREADS_M: 8, THREADS_N: 8, QUADS_M: 1, QUADS_N: 1 };

export type Matmul = ReturnType<typeof matmulOf>;

/** @param rows @param columns of y that one workgroup computes */
function matmulOf(
  name: string,
  body: Record<string, string>,
  constants: Record<string, number>,
  rows: number,
  columns: number,
) {
  const [read, write] = ["read", "write"] as const;
  const shared = {
    shader: {
      "layout.wgsl": layout,
      "activation.wgsl": activation,
      "matmul_common.wgsl": matmulCommon,
      "project_common.wgsl": projectCommon,
      ...body,
    },
    params: {
      rows: "u32",
      inner: "u32",
      outer: "u32",
      activation: "u32",
      operand_use: "u32",
      scale: "f32",
      ...PROJECTION,
      ...PART,
    } as const,
    constants: { ...PRODUCT_CONSTANTS, ...constants },
  };
  return {
    linear: byFormat({
      ...shared,
      name: `matmul${name}`,
      entryPoint: "linear",
      bindings: { x: read, w: read, bias: read, operand: read, y: write },
    }),
    project: byFormat({
      ...shared,
      name: `matmul_project${name}`,
      entryPoint: "project",
      bindings: { x: read, w: read, bias: read, offset: read, cache: write, query: write },
    }),
    gridOf: (count: number, width: number): Grid => [Math.ceil(width / columns), Math.ceil(count / rows), 1],
  };
}

const register = () => {
  const { COLUMN_THREADS, ROW_THREADS, ROWS } = REGISTER;
  return matmulOf("", { "matmul.wgsl": matmul }, REGISTER, ROWS * ROW_THREADS, 4 * COLUMN_THREADS);
};
const tile = (size: number, shape: typeof TILE64) =>
  matmulOf(`_tile${size}`, { "matmul_tile.wgsl": matmulTile }, shape, size, size);

/** Those of a tuning, the largest tile first. */
export function matmulKernels({ matmul }: Tuning): Matmul[] {
  if (matmul === "register") return [register()];
  return [...(matmul === "tile32" ? [] : [tile(64, TILE64)]), ...(matmul === "tile64" ? [] : [tile(32, TILE32)])];
}
