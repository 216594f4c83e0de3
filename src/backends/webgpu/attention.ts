/** The operations of src/ops/attention.ts. */

import attentionShader from "../../../shaders/attention.wgsl?raw";
import attentionCommon from "../../../shaders/attention_common.wgsl?raw";
import attentionMerge from "../../../shaders/attention_merge.wgsl?raw";
import attentionSplit from "../../../shaders/attention_split.wgsl?raw";
import attentionTile from "../../../shaders/attention_tile.wgsl?raw";
import attentionThread from "../../../shaders/attention_thread.wgsl?raw";
import attentionWeights from "../../../shaders/attention_weights.wgsl?raw";
import layout from "../../../shaders/layout.wgsl?raw";
import { invariant, ModelError } from "../../errors";
import type { attention as contract, AttentionOptions } from "../../ops/attention";
import type { ImplementationOf } from "../../ops/contract";
import type { Tensor } from "../../tensor/tensor";
import { MAX_HEAD, SCORES } from "./constants";
import { kernel, type Grid } from "./kernel";
import type { OperationRecorder } from "./recorder";
import { reduction } from "./reduction";
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
  // Half as many queries, where there are few.
  thin: { WORKGROUP: 64, COLUMNS: 16, KEYS: 16, PER_THREAD: 1 },
  wide: { WORKGROUP: 64, COLUMNS: 32, KEYS: 8, PER_THREAD: 1 },
};
/** Queries of one workgroup: four threads share what one of them, or two, need. */
const queriesOf = ({ WORKGROUP, PER_THREAD }: (typeof TILE)["narrow"]): number => (WORKGROUP / 4) * PER_THREAD;
/**
 * Workgroups of attention_split.wgsl, by how many queries they take, and for how many keys. More threads for four queries would
 * need too much memory.
 */
const SPLIT = [
  { QUERIES: 1, WORKGROUP: 64, most: 128 },
  { QUERIES: 1, WORKGROUP: 256, most: Infinity },
  { QUERIES: 4, WORKGROUP: 64, most: 64 },
  { QUERIES: 4, WORKGROUP: 128, most: Infinity },
];
/** Keys of a workgroup of attention_split.wgsl, at least, where several divide them. */
const SPLIT_KEYS = 64;
/**
 * From so many keys on they may be divided, which takes one more dispatch. A cache that is only as long as a sentence may become
 * has to be longer, since most of it is not filled.
 */
const SPLIT_FROM = { source: 512, cache: 1536 };
/** Threads of attention_merge.wgsl. */
const MERGE = { THREADS: 64 };
/** From so many queries on, a tile of them is worth more than a workgroup for each. */
const TILE_FROM = 8;
/** Keys that a query sees on either side where nothing limits them. */
const FAR = 2 ** 30;

export function kernels(tuning: Tuning) {
  const { attention, workgroup } = tuning;
  const grouped = attention !== "thread";
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
      before: "u32",
      after: "u32",
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
  const split = () => ({
    split: SPLIT.map(({ QUERIES, WORKGROUP }) =>
      kernel({
        ...shared,
        name: `attention_split${QUERIES}_${WORKGROUP}`,
        shader: { ...common, ...reduction(tuning), "attention_split.wgsl": attentionSplit },
        constants: { ...constants, QUERIES, WORKGROUP },
      }),
    ),
    merge: kernel({
      name: "attention_merge",
      shader: { "attention_merge.wgsl": attentionMerge },
      bindings: { parts: read, y: write },
      params: { rows: "u32", heads: "u32", columns: "u32", parts: "u32" },
      constants: { ...SCORES, ...MERGE },
    }),
  });
  return {
    ...(attention === "split" && split()),
    ...(grouped && { tiles: { narrow: tile("narrow"), thin: tile("thin"), wide: tile("wide") } }),
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

export function operations({ dispatch, temporary, tuning }: OperationRecorder): ImplementationOf<typeof contract> {
  const { attention, attentionWeights, tiles, split, merge } = kernels(tuning);

  function call(query: Tensor, cache: Tensor, options: AttentionOptions) {
    const { heads, mask, causalFrom, window, positionBias, ancestors } = options;
    const [b, t, width] = query.shape;
    const [before, after] = window ?? [FAR, FAR];
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
      before: Math.min(FAR, before),
      after: Math.min(FAR, after),
    };
    return { operands, params };
  }

  /** How many workgroups divide the keys of a query and head, of which there are `groups`. */
  function partsOf(capacity: number, causal: boolean, groups: number): number {
    if (capacity < (causal ? SPLIT_FROM.cache : SPLIT_FROM.source)) return 1;
    return Math.min(Math.ceil(capacity / SPLIT_KEYS), Math.ceil(tuning.fullGrid / groups));
  }

  function attendFew(y: Tensor, { operands, params }: ReturnType<typeof call>): void {
    const { length, capacity, heads, rows, group, causal, head_width } = params;
    const together = (operands.ancestors ? 1 : group) * length;
    const queries = together === 1 ? 1 : 4;
    const groups = ((rows * length) / together) * Math.ceil(together / queries);
    const parts = partsOf(capacity, causal, groups * heads);
    const share = capacity / parts;
    const i = SPLIT.findIndex(({ QUERIES, most }) => queries === QUERIES && share <= most);
    const kernel = split?.[i];
    invariant(kernel && merge, "attention: not a tuning with attention_split.wgsl");
    if (parts === 1) return dispatch(kernel, { ...operands, y }, params, [1, heads, groups]);
    const columns = head_width / 4;
    const found = temporary([rows * length * heads, parts, 4 * (columns + 1)]);
    dispatch(kernel, { ...operands, y: found }, params, [parts, heads, groups]);
    const grid: Grid = [Math.ceil((heads * columns) / MERGE.THREADS), rows * length, 1];
    dispatch(merge, { parts: found, y }, { rows: rows * length, heads, columns, parts }, grid);
  }

  return {
    attention(y, query, cache, options) {
      const { operands, params } = call(query, cache, options);
      const { length, heads, rows, head_width } = params;
      if (split && length < TILE_FROM && head_width % 4 === 0) {
        attendFew(y, { operands, params });
        return;
      }
      if (tiles && length >= TILE_FROM && head_width % 4 === 0 && head_width <= 4 * TILE.wide.COLUMNS) {
        const gridOf = (name: keyof typeof TILE): Grid => [Math.ceil(length / queriesOf(TILE[name])), heads, rows];
        const full = gridOf("narrow").reduce((product, n) => product * n) >= tuning.fullGrid;
        const name = head_width > 4 * TILE.narrow.COLUMNS ? "wide" : full ? "narrow" : "thin";
        dispatch(tiles[name], { ...operands, y }, params, gridOf(name));
        return;
      }
      // A workgroup for each query and head, or a thread for each.
      const alone = Math.ceil((length * heads) / ALONE.THREADS);
      dispatch(
        attention,
        { ...operands, y },
        params,
        tuning.attention !== "thread" ? [length, heads, rows] : [alone, rows, 1],
      );
    },

    attentionWeights(y, query, cache, options) {
      const { operands, params } = call(query, cache, options);
      const { length, heads, rows } = params;
      dispatch(attentionWeights, { ...operands, y }, params, [Math.ceil(length / WEIGHTS.THREADS), heads, rows]);
    },
  };
}
