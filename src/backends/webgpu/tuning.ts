/** Which variants of the kernels suit an adapter: one choice for each field. */

/** Which kernels the device "webgpu" computes with, for experiments: `kernels` of `load`. They differ in speed, not in results. */
export interface Tuning {
  /**
   * Products of few rows. "thread": a thread by itself, for software adapters (matvec.wgsl); "group": a workgroup for four
   * columns of a row (matvec_group.wgsl); "rows": a workgroup reads w once for up to 16 rows (matvec_rows.wgsl); "auto": "group"
   * for one row, where there is nothing to share, and "rows" for more.
   */
  matvec: "thread" | "group" | "rows" | "auto";
  /**
   * Products of many rows. "register": a tile for each thread (matmul.wgsl); "tile64", "tile32", "tile16": a tile of 64 by 64, 32 by
   * 32 or 16 by 64 for each workgroup (matmul_tile.wgsl); "tiles": the first of these that makes `fullGrid` workgroups.
   */
  matmul: "register" | "tile64" | "tile32" | "tile16" | "tiles";
  /** From so many rows on a product is one of many rows, whatever the grid. */
  matmulRows: number;
  /** So many workgroups keep all cores of the GPU busy. */
  fullGrid: number;
  /**
   * Few queries. "thread": a thread for each query and head (attention_thread.wgsl); "group": a workgroup (attention.wgsl);
   * "split": queries with the same keys share a workgroup, or several where there are many keys (attention_split.wgsl).
   */
  attention: "thread" | "group" | "split";
  /** The next token. "row": a workgroup walks over the vocabulary; "parts": many find the maxima of parts, one merges them. */
  selection: "row" | "parts";
  /**
   * How a workgroup adds up what its threads have. "levels": through its memory, in two steps; "subgroups": by the instructions for
   * that, on a GPU that has the feature "subgroups".
   */
  reduction: "levels" | "subgroups";
  /** Threads of the kernels that share a row through workgroup memory: 16, 32 or 64. */
  workgroup: number;
}

/** GPUs hide memory latency with many threads. */
export const GPU_TUNING: Tuning = {
  matvec: "auto",
  matmul: "tiles",
  matmulRows: 65,
  fullGrid: 256,
  attention: "split",
  selection: "parts",
  reduction: "levels",
  workgroup: 64,
};

/** The kernels of before, to compare with. */
export const EARLIER_GPU_TUNING: Tuning = {
  ...GPU_TUNING,
  matvec: "group",
  matmul: "register",
  matmulRows: 5,
  attention: "group",
  selection: "row",
};

/** A software adapter pays for each thread at every barrier. */
export const SOFTWARE_TUNING: Tuning = {
  ...EARLIER_GPU_TUNING,
  matvec: "thread",
  matmulRows: 3,
  attention: "thread",
  workgroup: 16,
};
