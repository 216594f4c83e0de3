/** The kernels for products of many rows: matmul.wgsl and matmul_tile.wgsl, which read what layer_norm.wgsl has made. */

import activation from "../../../shaders/activation.wgsl?raw";
import gated from "../../../shaders/gated.wgsl?raw";
import layout from "../../../shaders/layout.wgsl?raw";
import matmul from "../../../shaders/matmul.wgsl?raw";
import matmulCommon from "../../../shaders/matmul_common.wgsl?raw";
import matmulTile from "../../../shaders/matmul_tile.wgsl?raw";
import projectCommon from "../../../shaders/project_common.wgsl?raw";
import registerTile from "../../../shaders/register_tile.wgsl?raw";
import type { Grid } from "./kernel";
import { GATED, PART, PLAIN, PRODUCT_CONSTANTS, projectKernels, PROJECTION, STORES, type Stores } from "./products";
import type { Tuning } from "./tuning";
import { byFormat } from "./weights";

/** A workgroup of matmul.wgsl: threads side by side along columns and rows; a thread computes ROWS rows by 4 columns. */
const REGISTER = { COLUMN_THREADS: 16, ROW_THREADS: 2, ROWS: 8 };
/**
 * Workgroups of matmul_tile.wgsl: threads along rows and columns, blocks of 4 by 4 of a thread, and teams that divide K. `from`: for
 * so many rows and more. The order is that of their efficiency, where there are enough of them.
 */
const TILES = {
  tile64: { from: 33, shape: { THREADS_M: 8, THREADS_N: 8, QUADS_M: 2, QUADS_N: 2, K_TEAMS: 1, SLICE: 16 } },
  tile32: { from: 17, shape: { THREADS_M: 8, THREADS_N: 8, QUADS_M: 1, QUADS_N: 1, K_TEAMS: 4, SLICE: 8 } },
  tile16: { from: 9, shape: { THREADS_M: 4, THREADS_N: 16, QUADS_M: 1, QUADS_N: 1, K_TEAMS: 1, SLICE: 16 } },
};
/** Of a gated product: blocks of either half. Teams that divide K are for results of few columns, which these do not have. */
const GATED_BLOCKS = { ...GATED, QUADS_N: 2, K_TEAMS: 1 };

export type Matmul = ReturnType<typeof matmulOf>;

interface Shape {
  /** For so many rows and more. */
  from: number;
  /** Of y, that one workgroup computes. */
  rows: number;
  columns: number;
  /** Of a gated product. */
  gatedColumns: number;
}

function matmulOf(
  name: string,
  body: Record<string, string>,
  constants: Record<string, number>,
  ofGated: Record<string, number>,
  { from, rows, columns, gatedColumns }: Shape,
) {
  const [read, write] = ["read", "write"] as const;
  const shader = (stores: Stores) => ({
    "layout.wgsl": layout,
    "activation.wgsl": activation,
    "matmul_common.wgsl": matmulCommon,
    "gated.wgsl": gated,
    ...STORES[stores],
    "project_common.wgsl": projectCommon,
    ...body,
  });
  const shared = {
    params: {
      rows: "u32",
      inner: "u32",
      outer: "u32",
      outer_length: "u32",
      activation: "u32",
      operand_use: "u32",
      scale: "f32",
      ...PROJECTION,
      ...PART,
    } as const,
    constants: { ...PRODUCT_CONSTANTS, ...PLAIN, ...constants },
  };
  const linear = {
    ...shared,
    name: `matmul${name}`,
    shader: shader("vec4s"),
    entryPoint: "linear",
    bindings: { x: read, w: read, bias: read, operand: read, y: write },
  } as const;
  const project = {
    ...shared,
    name: `matmul_project${name}`,
    bindings: { x: read, w: read, bias: read, offset: read, cache: write, query: write, angles: read },
  } as const;
  return {
    from,
    kernels: {
      linear: byFormat(linear),
      gated: byFormat({ ...linear, name: `${linear.name}_gated`, constants: { ...linear.constants, ...ofGated } }),
      ...projectKernels(byFormat, project, shader),
    },
    /** The workgroups of a product of `count` rows and `width` columns. */
    gridOf: (count: number, width: number, isGated = false): Grid => [
      Math.ceil(width / (isGated ? gatedColumns : columns)),
      Math.ceil(count / rows),
      1,
    ],
  };
}

function register({ matmulRows }: Tuning): Matmul {
  const { COLUMN_THREADS, ROW_THREADS, ROWS } = REGISTER;
  const columns = 4 * COLUMN_THREADS;
  const shape = { from: matmulRows, rows: ROWS * ROW_THREADS, columns, gatedColumns: columns };
  return matmulOf("", { "register_tile.wgsl": registerTile, "matmul.wgsl": matmul }, REGISTER, GATED, shape);
}

function tile(name: keyof typeof TILES, from = TILES[name].from): Matmul {
  const { shape } = TILES[name];
  const [rows, gatedColumns] = [4 * shape.THREADS_M * shape.QUADS_M, 4 * shape.THREADS_N];
  const sizes = { from, rows, columns: gatedColumns * shape.QUADS_N, gatedColumns };
  return matmulOf(`_${name}`, { "matmul_tile.wgsl": matmulTile }, shape, GATED_BLOCKS, sizes);
}

/** Those of a tuning, the most efficient first. */
export function matmulKernels(tuning: Tuning): Matmul[] {
  if (tuning.matmul === "register") return [register(tuning)];
  if (tuning.matmul === "tiles") return [tile("tile64"), tile("tile32"), tile("tile16")];
  return [tile(tuning.matmul, tuning.matmulRows)];
}
