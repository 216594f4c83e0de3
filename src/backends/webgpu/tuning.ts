/** Which variants of the kernels suit an adapter. */

export interface Tuning {
  /**
   * A workgroup shares a row (matvec_group.wgsl, attention.wgsl) where true, a thread works alone (matvec.wgsl,
   * attention_thread.wgsl) where false.
   */
  grouped: boolean;
  /** Threads of the kernels that share a row through workgroup memory: 16, 32, 64, .. 256. */
  workgroup: number;
  /** From so many rows on, the register tile of matmul.wgsl is faster than reading the weights once per row. */
  matmulRows: number;
}

/** GPUs hide memory latency with many threads; a software adapter pays for each thread at every barrier. */
export const GPU_TUNING: Tuning = { grouped: true, workgroup: 64, matmulRows: 5 };
export const SOFTWARE_TUNING: Tuning = { grouped: false, workgroup: 16, matmulRows: 3 };
