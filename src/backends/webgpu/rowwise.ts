/** The operations of src/ops/rowwise.ts. */

import layerNorm from "../../../shaders/layer_norm.wgsl?raw";
import layout from "../../../shaders/layout.wgsl?raw";
import softmax from "../../../shaders/softmax.wgsl?raw";
import type { ImplementationOf } from "../../ops/contract";
import type { rowwise as contract } from "../../ops/rowwise";
import { rowsOf } from "../../tensor/tensor";
import { SCORES } from "./constants";
import { vec4s } from "./gpu-tensor";
import { kernel } from "./kernel";
import type { OperationRecorder } from "./recorder";
import type { Tuning } from "./tuning";

export const kernels = ({ grouped, workgroup }: Tuning) => ({
  layerNorm: kernel({
    name: "layer_norm",
    shader: { "layout.wgsl": layout, "layer_norm.wgsl": layerNorm },
    bindings: { x: "read", norm: "read", y: "write" },
    params: { width: "u32", length: "u32", eps: "f32", rms: "u32" },
    overrides: { WORKGROUP: workgroup },
  }),
  softmax: kernel({
    name: "softmax",
    shader: { "layout.wgsl": layout, "softmax.wgsl": softmax },
    entryPoint: "softmax",
    bindings: { x: "read", y: "write" },
    params: { length: "u32" },
    constants: SCORES,
    overrides: { WORKGROUP: workgroup },
  }),
  logSoftmax: kernel({
    name: "log_softmax",
    shader: { "layout.wgsl": layout, "softmax.wgsl": softmax },
    entryPoint: "log_softmax",
    bindings: { x: "read", y: "write" },
    params: { length: "u32" },
    constants: SCORES,
    overrides: { WORKGROUP: grouped ? 4 * workgroup : workgroup },
  }),
});

export function operations({ dispatch, tuning }: OperationRecorder): ImplementationOf<typeof contract> {
  const { layerNorm, softmax, logSoftmax } = kernels(tuning);
  return {
    layerNorm(y, x, { weights, eps, kind }) {
      const [rows, length] = rowsOf(x.shape);
      const params = { width: vec4s(length), length, eps, rms: kind === "rms" };
      dispatch(layerNorm, { x, norm: weights, y }, params, [rows, 1, 1]);
    },

    softmax(y, x) {
      const [rows, length] = rowsOf(x.shape);
      dispatch(softmax, { x, y }, { length }, [rows, 1, 1]);
    },

    logSoftmax(y, x) {
      const [rows, length] = rowsOf(x.shape);
      dispatch(logSoftmax, { x, y }, { length }, [rows, 1, 1]);
    },
  };
}
