/** The operation of src/ops/embedding.ts. */

import embed from "../../../shaders/embed.wgsl?raw";
import embedCommon from "../../../shaders/embed_common.wgsl?raw";
import embedNormed from "../../../shaders/embed_normed.wgsl?raw";
import layout from "../../../shaders/layout.wgsl?raw";
import type { ImplementationOf } from "../../ops/contract";
import type { embedding as contract } from "../../ops/embedding";
import { rowsOf } from "../../tensor/tensor";
import { named } from "./constants";
import { vec4s, type GpuTensor } from "./gpu-tensor";
import { gridOfRows } from "./grid";
import type { Grid } from "./kernel";
import { partsOf } from "./parts";
import type { OperationRecorder } from "./recorder";
import { reduction } from "./reduction";
import type { Tuning } from "./tuning";
import { byFormat, formatOf } from "./weights";

/** Which row of the position table an id gets. */
const POSITIONS = { none: 0, all: 1, tokens: 2 };
/** How the row is normalised. */
const NORM = { layer: 0, rms: 1 };

/** Of a workgroup, where there is no norm. */
const THREADS = 64;

const [read, write] = ["read", "write"] as const;

export function kernels(tuning: Tuning) {
  const common = { "layout.wgsl": layout, "embed_common.wgsl": embedCommon };
  const bindings = { ids: read, w: read, positions: read, offset: read, y: write } as const;
  const shared = {
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
    } as const,
    constants: { ...named("POSITIONS", POSITIONS), ...named("NORM", NORM) },
  };
  const { constants } = shared;
  return {
    embed: byFormat({
      ...shared,
      name: "embed",
      shader: { ...common, "embed.wgsl": embed },
      bindings,
      constants: { ...constants, THREADS },
    }),
    embedNormed: byFormat({
      ...shared,
      name: "embed_normed",
      shader: { ...common, ...reduction(tuning), "embed_normed.wgsl": embedNormed },
      bindings: { ...bindings, norm: read },
      constants: { ...constants, WORKGROUP: tuning.workgroup },
    }),
  };
}

export function operations({ dispatch, tuning }: OperationRecorder): ImplementationOf<typeof contract> {
  const { embed, embedNormed } = kernels(tuning);
  return {
    embed(y, ids, table, { scale, norm, normLast = false, positions, offset, padTokenId }) {
      const [rows, d] = rowsOf(y.shape);
      const width = vec4s(d);
      const counting = positions ? (padTokenId === undefined ? POSITIONS.all : POSITIONS.tokens) : POSITIONS.none;
      const ofNorm = { norm_kind: NORM[norm?.kind ?? "layer"], norm_last: normLast, eps: norm?.eps ?? 0, rows };
      const shared = { length: ids.shape[1], width, row_length: d, scale, counting, pad: padTokenId ?? 0, ...ofNorm };
      for (const { tensor, first } of partsOf(table as GpuTensor)) {
        const operands = { ids, w: tensor, positions, offset, y };
        const params = { ...shared, first, count: tensor.shape[0] };
        const format = formatOf(table);
        if (norm) {
          const grid: Grid = [...gridOfRows(rows), 1];
          dispatch(embedNormed[format], { ...operands, norm: norm.weights }, params, grid);
        } else {
          dispatch(embed[format], operands, params, [Math.ceil(width / THREADS), ...gridOfRows(rows)]);
        }
      }
    },
  };
}
