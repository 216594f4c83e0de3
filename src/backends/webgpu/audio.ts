/** The operations of src/ops/audio.ts. */

import activation from "../../../shaders/activation.wgsl?raw";
import addPositions from "../../../shaders/add_positions.wgsl?raw";
import compressFrames from "../../../shaders/compress_frames.wgsl?raw";
import convolve from "../../../shaders/convolve.wgsl?raw";
import groupNorm from "../../../shaders/group_norm.wgsl?raw";
import groupNormParts from "../../../shaders/group_norm_parts.wgsl?raw";
import historyToken from "../../../shaders/history_token.wgsl?raw";
import layout from "../../../shaders/layout.wgsl?raw";
import registerTile from "../../../shaders/register_tile.wgsl?raw";
import timestampRules from "../../../shaders/timestamp_rules.wgsl?raw";
import weightsF32 from "../../../shaders/weights_f32.wgsl?raw";
import { TIMESTAMP, type audio as contract } from "../../ops/audio";
import type { ImplementationOf } from "../../ops/contract";
import { rowsOf } from "../../tensor/tensor";
import { named, SCORES } from "./constants";
import { vec4s } from "./gpu-tensor";
import { gridOfRows } from "./grid";
import { kernel, type Grid } from "./kernel";
import { ACTIVATION } from "./products";
import type { OperationRecorder } from "./recorder";
import { momentsBy } from "./reduction";
import type { Tuning } from "./tuning";

export { groups } from "./audio-tests";

/** A workgroup of convolve.wgsl: threads side by side along columns and rows; a thread computes ROWS windows by 4 columns. */
const TILE = { COLUMN_THREADS: 16, ROW_THREADS: 2, ROWS: 8 };
/** Workgroups of group_norm_parts.wgsl that share a sound, at most, and vec4s of a thread of group_norm.wgsl. */
const MOST_PARTS = 32;
const NORM = { VECTORS: 8 };
/** Of add_positions.wgsl: threads of a workgroup, and workgroups, at most. */
const ADD = { THREADS: 64 };
const MOST_GROUPS = 1024;

const [read, write] = ["read", "write"] as const;

export const kernels = (tuning: Tuning) => ({
  convolve: kernel({
    name: "convolve",
    shader: {
      "layout.wgsl": layout,
      "activation.wgsl": activation,
      "weights_f32.wgsl": weightsF32,
      "register_tile.wgsl": registerTile,
      "convolve.wgsl": convolve,
    },
    bindings: { x: "read", w: "read", bias: "read", positions: "read", y: "write" },
    params: {
      rows: "u32",
      frames: "u32",
      windows: "u32",
      kernel: "u32",
      inner: "u32",
      columns: "u32",
      stride: "u32",
      before: "u32",
      activation: "u32",
      has_positions: "u32",
    },
    constants: { ...named("ACTIVATION", ACTIVATION), ...TILE },
  }),
  groupNormParts: kernel({
    name: "group_norm_parts",
    shader: { "layout.wgsl": layout, ...momentsBy(tuning), "group_norm_parts.wgsl": groupNormParts },
    bindings: { x: read, lengths: read, parts: write },
    params: { rows: "u32", width: "u32", channels: "u32", less: "u32", share: "u32" },
    constants: { WORKGROUP: tuning.workgroup },
  }),
  groupNorm: kernel({
    name: "group_norm",
    shader: { "group_norm.wgsl": groupNorm },
    bindings: { x: read, parts: read, norm: read, y: write },
    params: { length: "u32", width: "u32", parts: "u32", eps: "f32" },
    constants: NORM,
    overrides: { WORKGROUP: tuning.workgroup },
  }),
  compressFrames: kernel({
    name: "compress_frames",
    shader: { "layout.wgsl": layout, ...momentsBy(tuning), "compress_frames.wgsl": compressFrames },
    bindings: { x: read, scale: read, y: write },
    params: { width: "u32", length: "u32", eps: "f32", rows: "u32" },
    constants: { WORKGROUP: tuning.workgroup },
  }),
  addPositions: kernel({
    name: "add_positions",
    shader: { "add_positions.wgsl": addPositions },
    bindings: { x: read, positions: read, y: write },
    params: { count: "u32", length: "u32" },
    constants: ADD,
  }),
  timestampRules: kernel({
    name: "timestamp_rules",
    shader: { "layout.wgsl": layout, "history_token.wgsl": historyToken, "timestamp_rules.wgsl": timestampRules },
    bindings: { table: "read", position: "read", history: "read", ancestors: "read", scores: "write" },
    params: { vocabulary: "u32", rows: "u32", capacity: "u32", fields: "u32", has_ancestors: "u32" },
    constants: { ...SCORES, ...named("TIMESTAMP", TIMESTAMP) },
    overrides: { WORKGROUP: tuning.workgroup },
  }),
});

export function operations(recorder: OperationRecorder): ImplementationOf<typeof contract> {
  const { dispatch, change, temporary, tuning } = recorder;
  const { convolve, groupNormParts, groupNorm, compressFrames, addPositions, timestampRules } = kernels(tuning);
  return {
    convolve(y, x, w, { bias, stride = 1, padding: [before] = [0, 0], activation = "none", positions }) {
      const [b, windows, columns] = y.shape;
      const [, frames, channels] = x.shape;
      const rows = b * windows;
      const params = {
        ...{ rows, frames, windows, kernel: w.shape[1], inner: vec4s(channels), columns, stride, before },
        activation: ACTIVATION[activation],
        has_positions: positions !== undefined,
      };
      dispatch(convolve, { x, w, bias, positions, y }, params, [
        Math.ceil(vec4s(columns) / TILE.COLUMN_THREADS),
        Math.ceil(rows / (TILE.ROWS * TILE.ROW_THREADS)),
        1,
      ]);
    },

    groupNorm(y, x, { weights: norm, eps }, { lengths, less = 0 }) {
      const [b, rows, channels] = x.shape;
      const width = vec4s(channels);
      const share = Math.ceil(rows / MOST_PARTS);
      const count = Math.ceil(rows / share);
      const parts = temporary([b, count, 4]);
      dispatch(groupNormParts, { x, lengths, parts }, { rows, width, channels, less, share }, [count, b, 1]);
      const length = rows * width;
      const grid: Grid = [Math.ceil(length / (NORM.VECTORS * tuning.workgroup)), b, 1];
      dispatch(groupNorm, { x, parts, norm, y }, { length, width, parts: count, eps }, grid);
    },

    compressFrames(y, x, scale, eps) {
      const [rows, length] = rowsOf(x.shape);
      const params = { width: vec4s(length), length, eps, rows };
      dispatch(compressFrames, { x, scale, y }, params, [...gridOfRows(rows), 1]);
    },

    addPositions(y, x, positions) {
      const [b, rows, width] = x.shape;
      const length = rows * vec4s(width);
      const groups = Math.min(MOST_GROUPS, Math.ceil((b * length) / ADD.THREADS));
      dispatch(addPositions, { x, positions, y }, { count: b * length, length }, [groups, 1, 1]);
    },

    timestampRules(scores, { rules, position, history, ancestors }) {
      change(scores);
      const [rows, vocabulary] = rowsOf(scores.shape);
      const params = {
        ...{ vocabulary, rows, capacity: history.shape[0] },
        fields: history.shape.length === 3 ? history.shape[1] : 1,
        has_ancestors: ancestors !== undefined,
      };
      dispatch(timestampRules, { table: rules, position, history, ancestors, scores }, params, [rows, 1, 1]);
    },
  };
}
