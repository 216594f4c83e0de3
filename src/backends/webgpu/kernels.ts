/**
 * The registry of kernels: which shader file, which entry point, what it binds. The order of `bindings` is the order
 * of the @binding numbers; the last binding of every kernel is its uniform parameters.
 */

import activation from "../../../shaders/activation.wgsl?raw";
import processLogits from "../../../shaders/process_logits.wgsl?raw";
import backtrace from "../../../shaders/backtrace.wgsl?raw";
import advanceBeams from "../../../shaders/advance_beams.wgsl?raw";
import attention from "../../../shaders/attention.wgsl?raw";
import attentionCommon from "../../../shaders/attention_common.wgsl?raw";
import attentionThread from "../../../shaders/attention_thread.wgsl?raw";
import attentionWeights from "../../../shaders/attention_weights.wgsl?raw";
import embed from "../../../shaders/embed.wgsl?raw";
import layerNorm from "../../../shaders/layer_norm.wgsl?raw";
import layout from "../../../shaders/layout.wgsl?raw";
import matmul from "../../../shaders/matmul.wgsl?raw";
import matvec from "../../../shaders/matvec.wgsl?raw";
import matvecCommon from "../../../shaders/matvec_common.wgsl?raw";
import matvecGroup from "../../../shaders/matvec_group.wgsl?raw";
import projectCommon from "../../../shaders/project_common.wgsl?raw";
import selectGreedy from "../../../shaders/select_greedy.wgsl?raw";
import softmax from "../../../shaders/softmax.wgsl?raw";
import topK from "../../../shaders/top_k.wgsl?raw";
import weightsF16 from "../../../shaders/weights_f16.wgsl?raw";
import weightsF32 from "../../../shaders/weights_f32.wgsl?raw";
import weightsQ4 from "../../../shaders/weights_q4.wgsl?raw";
import weightsQ8 from "../../../shaders/weights_q8.wgsl?raw";
import type { Activation } from "../../ops/ops";
import type { WeightFormat } from "../../tensor/weight-format";

type Access = "read" | "write";

export interface Kernel {
  /** Unique; also the label in error messages and profiles. */
  readonly name: string;
  readonly source: string;
  readonly entryPoint: string;
  /** Of the storage buffers, by binding number; the uniform buffer follows. */
  readonly bindings: readonly Access[];
  readonly constants?: Readonly<Record<string, number>>;
}

/** The numbers that activation.wgsl knows them by. */
export const ACTIVATIONS: Readonly<Record<Activation, number>> = {
  none: 0,
  relu: 1,
  gelu: 2,
  silu: 3,
  gelu_new: 4,
  quick_gelu: 5,
  tanh: 6,
};

/** Put in front of the kernels that read weights. */
const WEIGHTS: Readonly<Record<WeightFormat, string>> = {
  f32: weightsF32,
  f16: weightsF16,
  q8: weightsQ8,
  q4: weightsQ4,
};

/** What suits the adapter. */
export interface Tuning {
  /**
   * A workgroup shares a row (matvec_group.wgsl, attention.wgsl) where true, a thread works alone (matvec.wgsl,
   * attention_thread.wgsl) where false.
   */
  grouped: boolean;
  /** Threads of the kernels that share a row through workgroup memory: 16, 32, 64, .. 256. */
  workgroup: number;
  /** Rows from which the register tile of matmul.wgsl beats reading the weights once a row. */
  matmulRows: number;
}

/** GPUs hide memory latency with many threads; a software adapter pays for each thread at every barrier. */
export const GPU_TUNING: Tuning = { grouped: true, workgroup: 64, matmulRows: 5 };
export const SOFTWARE_TUNING: Tuning = { grouped: false, workgroup: 16, matmulRows: 3 };

/** Workgroups of a dispatch. */
export type Grid = [x: number, y: number, z: number];

/** The grid of matmul.wgsl for R rows of N columns. */
export function matmulGrid(rows: number, outer: number): Grid {
  return [Math.ceil(outer / 64), Math.ceil(rows / 16), 1];
}

/** The grid of matvec.wgsl or matvec_group.wgsl. */
export function matvecGrid(rows: number, outer: number, { grouped }: Tuning): Grid {
  return [Math.ceil(outer / (grouped ? 4 : 64)), rows, 1];
}

/** The grid of attention.wgsl or attention_thread.wgsl for queries (B, T) of H heads. */
export function attentionGrid(b: number, t: number, heads: number, { grouped }: Tuning): Grid {
  return grouped ? [t, heads, b] : [Math.ceil((t * heads) / 4), b, 1];
}

/** How much of a row one workgroup of top_k.wgsl takes: enough to leave out most of it. */
export function topKChunk(k: number): number {
  return 1024 * Math.ceil(k / 32);
}

/** A kernel for each way to store its weights; only those that a model uses are compiled. */
function byFormat(kernel: Kernel): Record<WeightFormat, Kernel> {
  const inFormat = (format: WeightFormat): Kernel => ({
    ...kernel,
    name: format === "f32" ? kernel.name : `${kernel.name}_${format}`,
    source: WEIGHTS[format] + kernel.source,
  });
  return { f32: inFormat("f32"), f16: inFormat("f16"), q8: inFormat("q8"), q4: inFormat("q4") };
}

function matvecKernels(name: string, entryPoint: string, bindings: Access[], normed: boolean, tuning: Tuning) {
  const body = tuning.grouped ? matvecGroup : matvec;
  return byFormat({
    name: `${name}${normed ? "_normed" : ""}${tuning.grouped ? "_group" : ""}`,
    source: layout + activation + projectCommon + matvecCommon + body,
    entryPoint,
    bindings,
    constants: { NORMED: normed ? 1 : 0, ...(tuning.grouped && { WORKGROUP: tuning.workgroup }) },
  });
}

export function createKernels(tuning: Tuning) {
  const constants = { WORKGROUP: tuning.workgroup };
  const linear: Access[] = ["read", "read", "read", "read", "read", "read", "write"];
  const project: Access[] = ["read", "read", "read", "read", "read", "write", "write"];
  const attend: Access[] = ["read", "read", "read", "read", "read", "read", "read", "write"];
  return {
    embed: byFormat({
      name: "embed",
      source: layout + embed,
      entryPoint: "main",
      bindings: ["read", "read", "read", "read", "read", "write"],
    }),
    layerNorm: {
      name: "layer_norm",
      source: layout + layerNorm,
      entryPoint: "main",
      bindings: ["read", "read", "write"],
      constants,
    },
    matmul: byFormat({
      name: "matmul",
      source: layout + activation + projectCommon + matmul,
      entryPoint: "linear",
      bindings: ["read", "read", "read", "read", "write"],
    }),
    matmulProject: byFormat({
      name: "matmul_project",
      source: layout + activation + projectCommon + matmul,
      entryPoint: "project",
      bindings: ["read", "read", "read", "read", "write", "write"],
    }),
    matvec: matvecKernels("matvec", "linear", linear, false, tuning),
    matvecNormed: matvecKernels("matvec", "linear", linear, true, tuning),
    matvecProject: matvecKernels("matvec_project", "project", project, false, tuning),
    matvecProjectNormed: matvecKernels("matvec_project", "project", project, true, tuning),
    attention: {
      name: tuning.grouped ? "attention" : "attention_thread",
      source: layout + attentionCommon + (tuning.grouped ? attention : attentionThread),
      entryPoint: "main",
      bindings: attend,
      constants: tuning.grouped ? constants : undefined,
    },
    attentionWeights: {
      name: "attention_weights",
      source: layout + attentionCommon + attentionWeights,
      entryPoint: "main",
      bindings: attend,
    },
    softmax: {
      name: "softmax",
      source: layout + softmax,
      entryPoint: "softmax",
      bindings: ["read", "write"],
      constants,
    },
    selectGreedy: {
      name: "select_greedy",
      source: layout + selectGreedy,
      entryPoint: "main",
      bindings: ["read", "read", "write", "write", "write", "write", "write"],
      constants,
    },
    logSoftmax: {
      name: "log_softmax",
      source: layout + softmax,
      entryPoint: "log_softmax",
      bindings: ["read", "write"],
      constants: { WORKGROUP: tuning.grouped ? 4 * tuning.workgroup : tuning.workgroup },
    },
    processLogits: {
      name: "process_logits",
      source: layout + processLogits,
      entryPoint: "main",
      bindings: ["read", "read", "read", "read", "read", "read", "write"],
      constants,
    },
    topK: {
      name: "top_k",
      source: layout + topK,
      entryPoint: "main",
      bindings: ["read", "read", "write"],
      constants,
    },
    advanceBeams: {
      name: "advance_beams",
      source: advanceBeams,
      entryPoint: "main",
      bindings: ["read", "read", "write", "write", "write", "write", "write", "write"],
      constants,
    },
    backtrace: {
      name: "backtrace",
      source: backtrace,
      entryPoint: "main",
      bindings: ["read", "read", "write"],
    },
  } satisfies Record<string, Kernel | Record<WeightFormat, Kernel>>;
}
