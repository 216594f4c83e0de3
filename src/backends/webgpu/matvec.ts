/**
 * The kernels for products of one or few rows, which apply the norms of their operands themselves: matvec.wgsl, matvec_group.wgsl,
 * matvec_rows.wgsl and matvec_score.wgsl.
 */

import activation from "../../../shaders/activation.wgsl?raw";
import gated from "../../../shaders/gated.wgsl?raw";
import layout from "../../../shaders/layout.wgsl?raw";
import matvec from "../../../shaders/matvec.wgsl?raw";
import matvecCommon from "../../../shaders/matvec_common.wgsl?raw";
import matvecGroup from "../../../shaders/matvec_group.wgsl?raw";
import matvecRows from "../../../shaders/matvec_rows.wgsl?raw";
import rowsStatistics from "../../../shaders/matvec_rows_statistics.wgsl?raw";
import rowsSums from "../../../shaders/matvec_rows_sums.wgsl?raw";
import matvecScore from "../../../shaders/matvec_score.wgsl?raw";
import maximum from "../../../shaders/maximum.wgsl?raw";
import projectCommon from "../../../shaders/project_common.wgsl?raw";
import type { WeightFormat } from "../../tensor/weight-format";
import { SCORES } from "./constants";
import { GATED, PART, PLAIN, PRODUCT_CONSTANTS, projectKernels, PROJECTION, STORES, type Stores } from "./products";
import { lanesBy, momentsBy } from "./reduction";
import type { Tuning } from "./tuning";
import { byFormat, CHUNKS, inChunks } from "./weights";

/** Threads of a workgroup of matvec.wgsl; a thread computes 8 columns, or 4 and their gates. */
const THREADS = 8;

/**
 * Workgroups of matvec_rows.wgsl: for ROWS rows of a team and ROW_TEAMS of them, and for rows of w of at most `longest` vec4s,
 * of which the lanes of a team read `span` at once.
 */
const GROUPS = [
  { ROWS: 1, ROW_TEAMS: 1, span: 128, longest: 256 },
  { ROWS: 1, ROW_TEAMS: 1, span: 512, longest: Infinity },
  { ROWS: 4, ROW_TEAMS: 1, span: 128, longest: 256 },
  { ROWS: 4, ROW_TEAMS: 1, span: 256, longest: Infinity },
  { ROWS: 8, ROW_TEAMS: 2, span: 64, longest: Infinity },
];
/** Those that compute scores, of which there are enough: QUADS vec4s of columns for a team. */
const SCORE_GROUPS = [
  { ROWS: 1, ROW_TEAMS: 1, QUADS: 4 },
  { ROWS: 4, ROW_TEAMS: 1, QUADS: 2 },
  { ROWS: 8, ROW_TEAMS: 2, QUADS: 1 },
];
/** Threads of a workgroup of matvec_rows.wgsl, at least, where its memory allows. */
const ROWS_THREADS = 64;
/** vec4s that the threads of a workgroup add up, at most: 8 KiB of its memory. */
const MOST_SUMS = 512;
/** Of a team that computes scores. */
const SCORE_LANES = 32;

const [read, write] = ["read", "write"] as const;

const common = (stores: Stores) => ({
  "layout.wgsl": layout,
  "activation.wgsl": activation,
  ...STORES[stores],
  "project_common.wgsl": projectCommon,
  "matvec_common.wgsl": matvecCommon,
  "gated.wgsl": gated,
});
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
  earlier_rms: "u32",
  earlier_eps: "f32",
} as const;
const bindings = {
  linear: { x: read, w: read, bias: read, norm: read, operand: read, operand_norm: read, y: write },
  project: { x: read, w: read, bias: read, norm: read, offset: read, cache: write, query: write, angles: read },
  score: { x: read, w: read, bias: read, norm: read, maxima: write, scores: write, earlier_norm: read },
} as const;

/** The kernels of matvec.wgsl or matvec_group.wgsl for a row with a norm, or for one without. */
function ofOneRow(normed: boolean, tuning: Tuning) {
  const { workgroup } = tuning;
  const grouped = tuning.matvec !== "thread";
  const suffix = `${normed ? "_normed" : ""}${grouped ? "_group" : ""}`;
  const shader = (stores: Stores) => ({
    ...common(stores),
    ...(grouped ? { ...momentsBy(tuning), "matvec_group.wgsl": matvecGroup } : { "matvec.wgsl": matvec }),
  });
  const shared = {
    params,
    constants: { ...PRODUCT_CONSTANTS, ...PLAIN, ...(grouped ? { WORKGROUP: workgroup } : { THREADS }) },
    overrides: { NORMED: normed ? 1 : 0 },
  };
  const name = `matvec${suffix}`;
  const linear = { ...shared, name, shader: shader("vec4s"), entryPoint: "linear", bindings: bindings.linear };
  const project = { ...shared, name: `matvec_project${suffix}`, bindings: bindings.project };
  return {
    linear: byFormat(linear),
    ...projectKernels(byFormat, project, shader),
    gated: byFormat({ ...linear, name: `${name}_gated`, constants: { ...linear.constants, ...GATED } }),
  };
}

/** How a workgroup of matvec_rows.wgsl is divided, for weights in a format. */
function divisionOf(
  { ROWS, ROW_TEAMS }: { ROWS: number; ROW_TEAMS: number },
  QUADS: number,
  span: number | undefined,
  format: WeightFormat,
) {
  const { vec4s: CHUNK, atOnce } = CHUNKS[format];
  // A thread with many columns has enough to wait for.
  const UNROLL = Math.max(1, atOnce / QUADS);
  const most = MOST_SUMS / (ROWS * QUADS); // threads
  const LANES = span === undefined ? SCORE_LANES : Math.min(span / CHUNK / atOnce, most / ROW_TEAMS);
  const COLUMN_TEAMS = Math.max(1, Math.min(ROWS_THREADS, most) / LANES / ROW_TEAMS);
  return { CHUNK, UNROLL, LANES, QUADS, COLUMN_TEAMS };
}

/** The shader of a kernel of which a workgroup computes several rows; `entry` is the file with the entry points. */
const rowsShader = (tuning: Tuning, entry: Record<string, string>, stores: Stores): Record<string, string> => ({
  ...common(stores),
  ...lanesBy(tuning),
  "matvec_rows_statistics.wgsl": rowsStatistics,
  "matvec_rows_sums.wgsl": rowsSums,
  ...entry,
});

/** What such kernels have in common. */
const ofRows = (ROWS: number, ROW_TEAMS: number, NORMS = 1) => ({
  params,
  constants: { ...PRODUCT_CONSTANTS, ...PLAIN, ROWS, ROW_TEAMS, NORMS },
});

/** The kernels of matvec_rows.wgsl for one of GROUPS. */
function ofGroup(group: (typeof GROUPS)[number], tuning: Tuning): Matvec {
  const { ROWS, ROW_TEAMS, span, longest } = group;
  const rows = ROWS * ROW_TEAMS;
  const suffix = `rows${rows}${span > 128 ? "_long" : ""}`;
  const entry = { "matvec_rows.wgsl": matvecRows };
  const shader = (stores: Stores) => rowsShader(tuning, entry, stores);
  const shared = ofRows(ROWS, ROW_TEAMS);
  const divided = (format: WeightFormat) => divisionOf(group, 1, span, format);
  // Two vec4s of columns for a team: one of either half.
  const halved = (format: WeightFormat) => ({ ...divisionOf(group, 2, span, format), ...GATED });
  const name = `matvec_${suffix}`;
  const linear = { ...shared, name, shader: shader("vec4s"), entryPoint: "linear", bindings: bindings.linear };
  const project = { ...shared, name: `matvec_project_${suffix}`, bindings: bindings.project };
  return {
    rows,
    fits: (count, inner, _, isGated) => count <= rows && (inner <= longest || isGated),
    columnsOf: (format, isGated) => 4 * (isGated ? halved : divided)(format).COLUMN_TEAMS,
    kernels: {
      linear: inChunks(linear, divided),
      ...projectKernels((description) => inChunks(description, divided), project, shader),
      // A gated product is that into the feed-forward layer, whose rows of w are not the long ones.
      ...(span <= 128 && { gated: inChunks({ ...linear, name: `${name}_gated` }, halved) }),
    },
  };
}

type OneRow = ReturnType<typeof ofOneRow>;

/** Kernels of which a workgroup computes `rows` rows. */
export interface Matvec {
  readonly rows: number;
  /** Whether they suit so many rows, as long as so many vec4s. */
  readonly fits: (count: number, inner: number, normed: boolean, isGated: boolean) => boolean;
  /** Columns of a workgroup. */
  readonly columnsOf: (format: WeightFormat, isGated?: boolean) => number;
  /** Not all compute gated products. */
  readonly kernels: Omit<OneRow, "gated"> & Partial<Pick<OneRow, "gated">>;
}

/** Those of a tuning: the first that fits is the best, and where none does it is the last. */
export function matvecKernels(tuning: Tuning): Matvec[] {
  if (tuning.matvec === "rows") return GROUPS.map((group) => ofGroup(group, tuning));
  const auto = tuning.matvec === "auto";
  const ones = [false, true].map((normed) => ({
    kernels: ofOneRow(normed, tuning),
    rows: 1,
    fits: (count: number, _inner: number, isNormed: boolean) => isNormed === normed && (!auto || count === 1),
    columnsOf: (_: WeightFormat, isGated?: boolean) =>
      tuning.matvec !== "thread" ? 4 : isGated ? 4 * THREADS : 8 * THREADS,
  }));
  if (!auto) return ones;
  return [...ones, ...GROUPS.filter(({ ROWS }) => ROWS > 1).map((group) => ofGroup(group, tuning))];
}

export type Scorer = ReturnType<typeof scoreKernels>[number];

/** Those of matvec_score.wgsl, of few rows first. */
export const scoreKernels = (tuning: Tuning) =>
  (tuning.selection === "parts" ? SCORE_GROUPS : []).map(({ ROWS, ROW_TEAMS, QUADS }) => {
    const divided = (format: WeightFormat) => divisionOf({ ROWS, ROW_TEAMS }, QUADS, undefined, format);
    const rows = ROWS * ROW_TEAMS;
    const entry = { "maximum.wgsl": maximum, "matvec_score.wgsl": matvecScore };
    const shared = (norms: number) => {
      const { constants, ...rest } = ofRows(ROWS, ROW_TEAMS, norms);
      const shader = rowsShader(tuning, entry, "vec4s");
      return { ...rest, shader, constants: { ...constants, ...SCORES }, bindings: bindings.score };
    };
    const [once, twice] = [`matvec_score_rows${rows}`, `matvec_score_twice_rows${rows}`];
    return {
      rows,
      columnsOf: (format: WeightFormat) => 4 * QUADS * divided(format).COLUMN_TEAMS,
      kernels: {
        score: inChunks({ ...shared(1), name: once, entryPoint: "score" }, divided),
        /** Of x after two norms, one after the other. */
        scoreTwice: inChunks({ ...shared(2), name: twice, entryPoint: "score_twice" }, divided),
      },
    };
  });
