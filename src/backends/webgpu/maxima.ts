/** Maxima of the parts of rows of scores, so that no workgroup walks over a whole vocabulary; see maxima_common.wgsl. */

import layout from "../../../shaders/layout.wgsl?raw";
import maximaOfParts from "../../../shaders/maxima.wgsl?raw";
import maximaCommon from "../../../shaders/maxima_common.wgsl?raw";
import maximum from "../../../shaders/maximum.wgsl?raw";
import { rowsOf, type Tensor } from "../../tensor/tensor";
import { SCORES } from "./constants";
import { vec4s, type Maxima } from "./gpu-tensor";
import { kernel } from "./kernel";
import type { OperationRecorder } from "./recorder";
import { maximaBy } from "./reduction";
import type { Tuning } from "./tuning";

/** vec4s of a part: four for each thread of a workgroup of 64. */
export const CHUNK = 256;

/** The WGSL that stands in front of a kernel which reads maxima. */
export const maximaShader = (tuning: Tuning) => ({
  "layout.wgsl": layout,
  "maximum.wgsl": maximum,
  "maxima_common.wgsl": maximaCommon,
  ...maximaBy(tuning),
});

export const maximaKernel = (tuning: Tuning) =>
  kernel({
    name: "maxima",
    shader: { ...maximaShader(tuning), "maxima.wgsl": maximaOfParts },
    bindings: { x: "read", y: "write" },
    params: { length: "u32", chunk: "u32" },
    constants: SCORES,
    overrides: { WORKGROUP: tuning.workgroup },
  });

/** Those of the rows of x (..., V): what its product has kept of them, or what one dispatch finds. */
export function maximaOf(
  { dispatch, temporary, maximaOf }: OperationRecorder,
  kernel: ReturnType<typeof maximaKernel>,
  x: Tensor,
): Maxima {
  const known = maximaOf(x);
  if (known) return known;
  const [rows, length] = rowsOf(x.shape);
  const parts = Math.ceil(vec4s(length) / CHUNK);
  const tensor = temporary([3, rows, parts], "u32");
  dispatch(kernel, { x, y: tensor }, { length, chunk: CHUNK }, [parts, rows, 1]);
  return { tensor, columns: CHUNK };
}
