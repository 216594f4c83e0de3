/** The operations of src/ops/attention.ts. */

import attentionShader from "../../../shaders/attention.wgsl?raw";
import attentionCommon from "../../../shaders/attention_common.wgsl?raw";
import attentionTile from "../../../shaders/attention_tile.wgsl?raw";
import attentionThread from "../../../shaders/attention_thread.wgsl?raw";
import attentionWeights from "../../../shaders/attention_weights.wgsl?raw";
import layout from "../../../shaders/layout.wgsl?raw";
import { ModelError } from "../../errors";
import type { attention as contract, AttentionOptions } from "../../ops/attention";
import type { ImplementationOf } from "../../ops/contract";
import type { Tensor } from "../../tensor/tensor";
import { MAX_HEAD, SCORES } from "./constants";
import { kernel } from "./kernel";
import type { OperationRecorder } from "./recorder";
import type { Tuning } from "./tuning";

/** Of a workgroup of attention_thread.wgsl, and of attention_weights.wgsl. */
const ALONE = { THREADS: 4 };
const WEIGHTS = { THREADS: 64 };
/**
 * Workgroups of attention_tile.wgsl, by the widest head that they take, in vec4s. Their arrays stay below the 16 KiB of
 * workgroup memory that every device has.
 */
const TILE = {
  narrow: { WORKGROUP: 64, COLUMNS: 16, KEYS: 16, PER_THREAD: 2 },
  wide: { WORKGROUP: 64, COLUMNS: 32, KEYS: 8, PER_THREAD: 1 },
};
/** Queries of one workgroup: four threads share what one of them, or two, need. */
const queriesOf = ({ WORKGROUP, PER_THREAD }: (typeof TILE)["narrow"]): number => (WORKGROUP / 4) * PER_THREAD;
/** From so many queries on, a tile of them is worth more than a workgroup for each. */
const TILE_FROM = 8;

export function kernels({ grouped, workgroup }: Tuning) {
  const [read, write] = ["read", "write"] as const;
  const common = { "layout.wgsl": layout, "attention_common.wgsl": attentionCommon };
  const shared = {
    bindings: {
      query: read,
      cache: read,
      mask: read,
      causal_from: read,
      bias_table: read,
      buckets: read,
      ancestors: read,
      y: write,
    },
    params: {
      length: "u32",
      capacity: "u32",
      width: "u32",
      head_width: "u32",
      heads: "u32",
      rows: "u32",
      group: "u32",
      scale: "f32",
      has_mask: "u32",
      causal: "u32",
      has_bias: "u32",
      farthest: "u32",
      has_ancestors: "u32",
    } as const,
  };
  const constants = { ...SCORES, MAX_HEAD };
  const tile = (name: keyof typeof TILE) =>
    kernel({
      ...shared,
      name: `attention_tile_${name}`,
      shader: { ...common, "attention_tile.wgsl": attentionTile },
      constants: { ...SCORES, ...TILE[name] },
    });
  return {
    ...(grouped && { narrow: tile("narrow"), wide: tile("wide") }),
    attention: grouped
      ? kernel({
          ...shared,
          name: "attention",
          shader: { ...common, "attention.wgsl": attentionShader },
          constants,
          overrides: { WORKGROUP: workgroup },
        })
      : kernel({
          ...shared,
          name: "attention_thread",
          shader: { ...common, "attention_thread.wgsl": attentionThread },
          constants: { ...constants, ...ALONE },
        }),
    attentionWeights: kernel({
      ...shared,
      name: "attention_weights",
      shader: { ...common, "attention_weights.wgsl": attentionWeights },
      constants: { ...constants, ...WEIGHTS },
    }),
  };
}

export function operations({ dispatch, tuning }: OperationRecorder): ImplementationOf<typeof contract> {
  const { attention, attentionWeights, narrow, wide } = kernels(tuning);

  function call(query: Tensor, cache: Tensor, options: AttentionOptions) {
    const { heads, mask, causalFrom, positionBias, ancestors } = options;
    const [b, t, width] = query.shape;
    const [cacheRows, capacity] = cache.shape;
    const headWidth = width / heads;
    if (headWidth > MAX_HEAD) {
      const message = `Heads of ${headWidth} elements are wider than the ${MAX_HEAD} that the GPU kernels take.`;
      throw new ModelError("unsupported_model", message);
    }
    const operands = {
      query,
      cache,
      mask,
      causal_from: causalFrom,
      bias_table: positionBias?.table,
      buckets: positionBias?.buckets,
      ancestors,
    };
    const params = {
      length: t,
      capacity,
      width,
      head_width: headWidth,
      heads,
      rows: b,
      group: b / cacheRows,
      scale: options.scale ?? 1 / Math.sqrt(headWidth),
      has_mask: mask !== undefined,
      causal: causalFrom !== undefined,
      has_bias: positionBias !== undefined,
      farthest: positionBias ? (positionBias.buckets.shape[0] - 1) / 2 : 0,
      has_ancestors: ancestors !== undefined,
    };
    return { operands, params };
  }

  return {
    attention(y, query, cache, options) {
      const { operands, params } = call(query, cache, options);
      const { length, heads, rows, head_width } = params;
      const tile = head_width <= 4 * TILE.narrow.COLUMNS ? "narrow" : "wide";
      const kernel = tile === "narrow" ? narrow : wide;
      if (kernel && length >= TILE_FROM && head_width % 4 === 0 && head_width <= 4 * TILE[tile].COLUMNS) {
        const tiles = Math.ceil(length / queriesOf(TILE[tile]));
        dispatch(kernel, { ...operands, y }, params, [tiles, heads, rows]);
        return;
      }
      // A workgroup for each query and head, or a thread for each.
      const alone = Math.ceil((length * heads) / ALONE.THREADS);
      dispatch(attention, { ...operands, y }, params, tuning.grouped ? [length, heads, rows] : [alone, rows, 1]);
    },

    attentionWeights(y, query, cache, options) {
      const { operands, params } = call(query, cache, options);
      const { length, heads, rows } = params;
      dispatch(attentionWeights, { ...operands, y }, params, [Math.ceil(length / WEIGHTS.THREADS), heads, rows]);
    },
  };
}
