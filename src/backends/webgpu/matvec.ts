/**
 * The kernels for products of one or few rows, which apply the norms of their operands themselves: matvec.wgsl,
 * matvec_group.wgsl and matvec_rows.wgsl.
 */

import activation from "../../../shaders/activation.wgsl?raw";
import layout from "../../../shaders/layout.wgsl?raw";
import matvec from "../../../shaders/matvec.wgsl?raw";
import matvecCommon from "../../../shaders/matvec_common.wgsl?raw";
import matvecGroup from "../../../shaders/matvec_group.wgsl?raw";
import matvecRows from "../../../shaders/matvec_rows.wgsl?raw";
import maximum from "../../../shaders/maximum.wgsl?raw";
import projectCommon from "../../../shaders/project_common.wgsl?raw";
import { SCORES } from "./constants";
import { PART, PRODUCT_CONSTANTS, PROJECTION } from "./products";
import type { Tuning } from "./tuning";
import { byFormat, inChunks } from "./weights";

/** Threads of a workgroup of matvec.wgsl; a thread computes 8 columns. */
const THREADS = 8;

/**
 * Workgroups of matvec_rows.wgsl by how many rows they take: ROWS of a team, and ROW_TEAMS of them. SCORE_QUADS are the vec4s
 * of columns that a team computes of a vocabulary, which has enough of them. A thread adds up eight vec4s at most, for its
 * registers and for 8 KiB of workgroup memory.
 */
const GROUPS = [
  { ROWS: 1, ROW_TEAMS: 1, SCORE_QUADS: 4 },
  { ROWS: 4, ROW_TEAMS: 1, SCORE_QUADS: 2 },
  { ROWS: 8, ROW_TEAMS: 2, SCORE_QUADS: 1 },
];
/** Threads of a workgroup of matvec_rows.wgsl. */
const ROWS_THREADS = 64;

const [read, write] = ["read", "write"] as const;

const common = {
  "layout.wgsl": layout,
  "activation.wgsl": activation,
  "project_common.wgsl": projectCommon,
  "matvec_common.wgsl": matvecCommon,
};
const params = {
  rows: "u32",
  inner: "u32",
  outer: "u32",
  length: "u32",
  eps: "f32",
  normed: "u32",
  rms: "u32",
  scale: "f32",
  activation: "u32",
  operand_use: "u32",
  outer_length: "u32",
  operand_eps: "f32",
  ...PROJECTION,
  ...PART,
  maxima: "u32",
  first_maximum: "u32",
} as const;
const bindings = {
  linear: { x: read, w: read, bias: read, norm: read, operand: read, operand_norm: read, y: write },
  project: { x: read, w: read, bias: read, norm: read, offset: read, cache: write, query: write },
  score: { x: read, w: read, bias: read, norm: read, maxima: write, scores: write },
} as const;

/** The kernels of matvec.wgsl or matvec_group.wgsl for a row with a norm, or for one without. */
function ofOneRow(normed: boolean, { matvec: variant, workgroup }: Tuning) {
  const grouped = variant === "group";
  const suffix = `${normed ? "_normed" : ""}${grouped ? "_group" : ""}`;
  const shared = {
    shader: { ...common, ...(grouped ? { "matvec_group.wgsl": matvecGroup } : { "matvec.wgsl": matvec }) },
    params,
    constants: { ...PRODUCT_CONSTANTS, ...(!grouped && { THREADS }) },
    overrides: { NORMED: normed ? 1 : 0, ...(grouped && { WORKGROUP: workgroup }) },
  };
  return {
    linear: byFormat({ ...shared, name: `matvec${suffix}`, entryPoint: "linear", bindings: bindings.linear }),
    project: byFormat({
      ...shared,
      name: `matvec_project${suffix}`,
      entryPoint: "project",
      bindings: bindings.project,
    }),
  };
}

/** The kernels of matvec_rows.wgsl. */
function ofRows({ ROWS, ROW_TEAMS, SCORE_QUADS }: (typeof GROUPS)[number], lanes: number) {
  const rows = ROWS * ROW_TEAMS;
  const LANES = Math.min(lanes, ROWS_THREADS / ROW_TEAMS);
  const COLUMN_TEAMS = ROWS_THREADS / LANES / ROW_TEAMS;
  const shared = (QUADS: number) => ({
    shader: { ...common, "maximum.wgsl": maximum, "matvec_rows.wgsl": matvecRows },
    params,
    constants: { ...PRODUCT_CONSTANTS, ...SCORES, ROWS, ROW_TEAMS, LANES, COLUMN_TEAMS, QUADS },
  });
  return {
    rows,
    columns: 4 * COLUMN_TEAMS,
    scoreColumns: 4 * COLUMN_TEAMS * SCORE_QUADS,
    linear: inChunks({ ...shared(1), name: `matvec_rows${rows}`, entryPoint: "linear", bindings: bindings.linear }),
    project: inChunks({
      ...shared(1),
      name: `matvec_project_rows${rows}`,
      entryPoint: "project",
      bindings: bindings.project,
    }),
    score: inChunks({
      ...shared(SCORE_QUADS),
      name: `matvec_score_rows${rows}`,
      entryPoint: "score",
      bindings: bindings.score,
    }),
  };
}

/** Kernels of which a workgroup computes `rows` rows. */
export interface Matvec extends ReturnType<typeof ofOneRow>, Partial<Pick<ReturnType<typeof ofRows>, "score">> {
  rows: number;
  /** Columns of a workgroup of `linear` and `project`, and of `score`. */
  columns: number;
  scoreColumns: number;
}

/** Those of a tuning, of few rows first: without a norm and with one. */
export function matvecKernels(tuning: Tuning): Record<"plain" | "normed", Matvec[]> {
  if (tuning.matvec === "rows") {
    const groups = GROUPS.map((group) => ofRows(group, tuning.lanes));
    return { plain: groups, normed: groups };
  }
  const columns = tuning.matvec === "group" ? 4 : 8 * THREADS;
  const shape = { rows: 1, columns, scoreColumns: columns };
  return { plain: [{ ...ofOneRow(false, tuning), ...shape }], normed: [{ ...ofOneRow(true, tuning), ...shape }] };
}
