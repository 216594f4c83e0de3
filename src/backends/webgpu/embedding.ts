/** The operation of src/ops/embedding.ts. */

import embed from "../../../shaders/embed.wgsl?raw";
import layout from "../../../shaders/layout.wgsl?raw";
import type { ImplementationOf } from "../../ops/contract";
import type { embedding as contract } from "../../ops/embedding";
import { rowsOf } from "../../tensor/tensor";
import { named } from "./constants";
import { vec4s, type GpuTensor } from "./gpu-tensor";
import { gridOfRows } from "./grid";
import { partsOf } from "./parts";
import type { OperationRecorder } from "./recorder";
import { byFormat, formatOf } from "./weights";

/** Which row of the position table an id gets. */
const POSITIONS = { none: 0, all: 1, tokens: 2 };
/** How the row is normalised. */
const NORM = { none: 0, layer: 1, rms: 2 };
const THREADS = 64;

export const kernels = () => ({
  embed: byFormat({
    name: "embed",
    shader: { "layout.wgsl": layout, "embed.wgsl": embed },
    bindings: { ids: "read", w: "read", positions: "read", offset: "read", norm: "read", y: "write" },
    params: {
      length: "u32",
      width: "u32",
      scale: "f32",
      counting: "u32",
      pad: "u32",
      first: "u32",
      count: "u32",
      row_length: "u32",
      norm_kind: "u32",
      norm_last: "u32",
      eps: "f32",
      rows: "u32",
    },
    constants: { THREADS, ...named("POSITIONS", POSITIONS), ...named("NORM", NORM) },
  }),
});

export function operations({ dispatch }: OperationRecorder): ImplementationOf<typeof contract> {
  const { embed } = kernels();
  return {
    embed(y, ids, table, { scale, norm, normLast = false, positions, offset, padTokenId }) {
      const [rows, d] = rowsOf(y.shape);
      const width = vec4s(d);
      const counting = positions ? (padTokenId === undefined ? POSITIONS.all : POSITIONS.tokens) : POSITIONS.none;
      const norm_kind = norm ? NORM[norm.kind ?? "layer"] : NORM.none;
      const normed = { norm_kind, norm_last: normLast, eps: norm?.eps ?? 0, rows };
      const shared = { length: ids.shape[1], width, row_length: d, scale, counting, pad: padTokenId ?? 0, ...normed };
      for (const { tensor, first } of partsOf(table as GpuTensor)) {
        const operands = { ids, w: tensor, positions, offset, norm: norm?.weights, y };
        const params = { ...shared, first, count: tensor.shape[0] };
        dispatch(embed[formatOf(table)], operands, params, [Math.ceil(width / THREADS), ...gridOfRows(rows)]);
      }
    },
  };
}
