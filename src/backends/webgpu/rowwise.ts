/** The operations of src/ops/rowwise.ts. */

import layerNorm from "../../../shaders/layer_norm.wgsl?raw";
import layout from "../../../shaders/layout.wgsl?raw";
import logSoftmaxParts from "../../../shaders/log_softmax.wgsl?raw";
import softmax from "../../../shaders/softmax.wgsl?raw";
import type { ImplementationOf } from "../../ops/contract";
import type { rowwise as contract } from "../../ops/rowwise";
import { rowsOf } from "../../tensor/tensor";
import { SCORES } from "./constants";
import { vec4s } from "./gpu-tensor";
import { gridOfRows } from "./grid";
import { kernel, type Grid } from "./kernel";
import { CHUNK, maximaShader, maximaKernel, maximaOf } from "./maxima";
import type { OperationRecorder } from "./recorder";
import { momentsBy, reduction } from "./reduction";
import type { Tuning } from "./tuning";

const [read, write] = ["read", "write"] as const;

/** log_softmax of softmax.wgsl, in one workgroup for each row. */
const ofRows = (tuning: Tuning) => ({
  logSoftmax: kernel({
    name: "log_softmax",
    shader: { "layout.wgsl": layout, ...reduction(tuning), "softmax.wgsl": softmax },
    entryPoint: "log_softmax",
    bindings: { x: read, y: write },
    params: { length: "u32" },
    constants: { ...SCORES, WORKGROUP: (tuning.attention === "thread" ? 1 : 4) * tuning.workgroup },
  }),
});

/** log_softmax.wgsl, which reads the maxima of parts of a row. */
const ofParts = (tuning: Tuning) => ({
  maxima: maximaKernel(tuning),
  logSoftmaxParts: kernel({
    name: "log_softmax_parts",
    shader: { ...maximaShader(tuning), "log_softmax.wgsl": logSoftmaxParts },
    bindings: { maxima: read, x: read, y: write, maxima_of_y: write },
    params: { rows: "u32", length: "u32", parts: "u32", chunk: "u32" },
    constants: SCORES,
    overrides: { WORKGROUP: 4 * tuning.workgroup },
  }),
});

export const kernels = (tuning: Tuning) => ({
  layerNorm: kernel({
    name: "layer_norm",
    shader: { "layout.wgsl": layout, ...momentsBy(tuning), "layer_norm.wgsl": layerNorm },
    bindings: { x: read, norm: read, y: write },
    params: { width: "u32", length: "u32", eps: "f32", rms: "u32", rows: "u32" },
    constants: { WORKGROUP: tuning.workgroup },
  }),
  softmax: kernel({
    name: "softmax",
    shader: { "layout.wgsl": layout, ...reduction(tuning), "softmax.wgsl": softmax },
    entryPoint: "softmax",
    bindings: { x: read, y: write },
    params: { length: "u32" },
    constants: { ...SCORES, WORKGROUP: tuning.workgroup },
  }),
  ...(tuning.selection === "parts" ? ofParts(tuning) : ofRows(tuning)),
});

export function operations(recorder: OperationRecorder): ImplementationOf<typeof contract> {
  const { dispatch, normed, temporary, tuning } = recorder;
  const all = kernels(tuning);
  return {
    layerNorm(y, x, { weights, eps, kind, earlier }) {
      const [rows, length] = rowsOf(x.shape);
      const params = { width: vec4s(length), length, eps, rms: kind === "rms", rows };
      dispatch(all.layerNorm, { x: normed(x, earlier), norm: weights, y }, params, [...gridOfRows(rows), 1]);
    },

    softmax(y, x) {
      const [rows, length] = rowsOf(x.shape);
      dispatch(all.softmax, { x, y }, { length }, [rows, 1, 1]);
    },

    logSoftmax(y, x) {
      const [rows, length] = rowsOf(x.shape);
      if ("logSoftmax" in all) {
        dispatch(all.logSoftmax, { x, y }, { length }, [rows, 1, 1]);
        return;
      }
      const known = recorder.maximaOf(x);
      const maxima = known ?? maximaOf(recorder, all.maxima, x);
      const [, , parts] = maxima.tensor.shape;
      const maxima_of_y = temporary([3, rows, parts], "u32");
      const operands = { maxima: maxima.tensor, x, y, maxima_of_y };
      const grid: Grid = [Math.ceil(vec4s(length) / CHUNK), rows, 1];
      dispatch(all.logSoftmaxParts, operands, { rows, length, parts, chunk: CHUNK }, grid);
      // Parts as wide as those that nobody has kept would make logits processors, which find maxima again, read most of a row.
      if (known) recorder.keepMaxima(y, { ...known, tensor: maxima_of_y });
      recorder.keepLogits(y, { tensor: x, maxima });
    },
  };
}
