/** The operations of src/ops/audio.ts. */

import activation from "../../../shaders/activation.wgsl?raw";
import convolve from "../../../shaders/convolve.wgsl?raw";
import layout from "../../../shaders/layout.wgsl?raw";
import timestampRules from "../../../shaders/timestamp_rules.wgsl?raw";
import { TIMESTAMP, type audio as contract } from "../../ops/audio";
import type { ImplementationOf } from "../../ops/contract";
import { rowsOf } from "../../tensor/tensor";
import { named, SCORES } from "./constants";
import { vec4s } from "./gpu-tensor";
import { kernel } from "./kernel";
import { ACTIVATION } from "./products";
import type { OperationRecorder } from "./recorder";
import type { Tuning } from "./tuning";

export { groups } from "./audio-tests";

/** A workgroup of convolve.wgsl: threads side by side along columns and rows; a thread computes ROWS windows by 4 columns. */
const TILE = { COLUMN_THREADS: 16, ROW_THREADS: 2, ROWS: 8 };

export const kernels = ({ workgroup }: Tuning) => ({
  convolve: kernel({
    name: "convolve",
    shader: { "layout.wgsl": layout, "activation.wgsl": activation, "convolve.wgsl": convolve },
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
  timestampRules: kernel({
    name: "timestamp_rules",
    shader: { "layout.wgsl": layout, "timestamp_rules.wgsl": timestampRules },
    bindings: { table: "read", position: "read", history: "read", ancestors: "read", scores: "write" },
    params: { vocabulary: "u32", rows: "u32", capacity: "u32", fields: "u32", has_ancestors: "u32" },
    constants: { ...SCORES, ...named("TIMESTAMP", TIMESTAMP) },
    overrides: { WORKGROUP: workgroup },
  }),
});

export function operations({ dispatch, change, tuning }: OperationRecorder): ImplementationOf<typeof contract> {
  const { convolve, timestampRules } = kernels(tuning);
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
