/**
 * The operations of src/ops/linear.ts. Few rows go to a matrix-vector kernel (matvec.wgsl or matvec_group.wgsl), which
 * applies the norms of its operands itself; many go to matmul.wgsl, which reads what layer_norm.wgsl has made.
 */

import activation from "../../../shaders/activation.wgsl?raw";
import layout from "../../../shaders/layout.wgsl?raw";
import matmul from "../../../shaders/matmul.wgsl?raw";
import matvec from "../../../shaders/matvec.wgsl?raw";
import matvecCommon from "../../../shaders/matvec_common.wgsl?raw";
import matvecGroup from "../../../shaders/matvec_group.wgsl?raw";
import projectCommon from "../../../shaders/project_common.wgsl?raw";
import type { ImplementationOf } from "../../ops/contract";
import type { Activation, linear as contract } from "../../ops/linear";
import type { Norm } from "../../ops/rowwise";
import { rowsOf, type Tensor } from "../../tensor/tensor";
import { named } from "./constants";
import { vec4s, type GpuTensor } from "./gpu-tensor";
import type { Grid } from "./kernel";
import { partsOf } from "./parts";
import type { OperationRecorder } from "./recorder";
import type { Tuning } from "./tuning";
import { byFormat, formatOf, type ByFormat } from "./weights";

const ACTIVATION: Readonly<Record<Activation, number>> = {
  none: 0,
  relu: 1,
  gelu: 2,
  silu: 3,
  gelu_new: 4,
  quick_gelu: 5,
  tanh: 6,
  gelu_10: 7,
  sigmoid: 8,
  relu2: 9,
  relu6: 10,
  hardswish: 11,
  leaky_relu: 12,
  laplace: 13,
  mish: 14,
  sqrtsoftplus: 15,
};

/** What is done with the operand: a residual, normalised by the kernel or not, or what `multiply` is. */
const OPERAND = { none: 0, added: 1, multiplied: 2, layerNormed: 3, rmsNormed: 4 };

const CONSTANTS = { ...named("ACTIVATION", ACTIVATION), ...named("OPERAND", OPERAND) };

/** A workgroup of matmul.wgsl: threads side by side along columns and rows; a thread computes ROWS rows by 4 columns. */
const MATMUL = { COLUMN_THREADS: 16, ROW_THREADS: 2, ROWS: 8 };
/** Threads of a workgroup of matvec.wgsl; a thread computes 8 columns. */
const MATVEC = { THREADS: 8 };

/** Where `projectQueryKeyValue` writes to; T, C and I. Zeros for `linear`. */
const PROJECTION = { time: "u32", capacity: "u32", width: "u32" } as const;
const NO_PROJECTION = { time: 0, capacity: 0, width: 0 };

/** The columns of a part of the weights: the first, and how many, in vec4s. */
const PART = { first: "u32", count: "u32" } as const;
const [read, write] = ["read", "write"] as const;

function matmulKernels() {
  const shared = {
    shader: {
      "layout.wgsl": layout,
      "activation.wgsl": activation,
      "project_common.wgsl": projectCommon,
      "matmul.wgsl": matmul,
    },
    params: {
      rows: "u32",
      inner: "u32",
      outer: "u32",
      activation: "u32",
      operand_use: "u32",
      scale: "f32",
      ...PROJECTION,
      ...PART,
    } as const,
    constants: { ...CONSTANTS, ...MATMUL },
  };
  return {
    matmul: byFormat({
      ...shared,
      name: "matmul",
      entryPoint: "linear",
      bindings: { x: read, w: read, bias: read, operand: read, y: write },
    }),
    matmulProject: byFormat({
      ...shared,
      name: "matmul_project",
      entryPoint: "project",
      bindings: { x: read, w: read, bias: read, offset: read, cache: write, query: write },
    }),
  };
}

function matvecKernels(normed: boolean, { grouped, workgroup }: Tuning) {
  const suffix = `${normed ? "_normed" : ""}${grouped ? "_group" : ""}`;
  const body: Record<string, string> = grouped ? { "matvec_group.wgsl": matvecGroup } : { "matvec.wgsl": matvec };
  const shared = {
    shader: {
      "layout.wgsl": layout,
      "activation.wgsl": activation,
      "project_common.wgsl": projectCommon,
      "matvec_common.wgsl": matvecCommon,
      ...body,
    },
    params: {
      inner: "u32",
      outer: "u32",
      length: "u32",
      eps: "f32",
      rms: "u32",
      scale: "f32",
      activation: "u32",
      operand_use: "u32",
      outer_length: "u32",
      operand_eps: "f32",
      ...PROJECTION,
      ...PART,
    } as const,
    constants: { ...CONSTANTS, ...(grouped ? {} : MATVEC) },
    overrides: { NORMED: normed ? 1 : 0, ...(grouped && { WORKGROUP: workgroup }) },
  };
  return {
    linear: byFormat({
      ...shared,
      name: `matvec${suffix}`,
      entryPoint: "linear",
      bindings: { x: read, w: read, bias: read, norm: read, operand: read, operand_norm: read, y: write },
    }),
    project: byFormat({
      ...shared,
      name: `matvec_project${suffix}`,
      entryPoint: "project",
      bindings: { x: read, w: read, bias: read, norm: read, offset: read, cache: write, query: write },
    }),
  };
}

export const kernels = (tuning: Tuning) => ({
  ...matmulKernels(),
  matvec: matvecKernels(false, tuning),
  matvecNormed: matvecKernels(true, tuning),
});

export function operations({ dispatch, normed, tuning }: OperationRecorder): ImplementationOf<typeof contract> {
  const { matmul, matmulProject, matvec, matvecNormed } = kernels(tuning);

  const matmulGrid = (rows: number, columns: number): Grid => [
    Math.ceil(columns / (4 * MATMUL.COLUMN_THREADS)),
    Math.ceil(rows / (MATMUL.ROWS * MATMUL.ROW_THREADS)),
    1,
  ];
  const matvecGrid = (rows: number, columns: number): Grid => [
    Math.ceil(columns / (tuning.grouped ? 4 : 8 * MATVEC.THREADS)),
    rows,
    1,
  ];

  /** One dispatch, or one for each part of the weights: each writes its own columns. */
  function product<Binding extends string, Param extends string>(
    kernel: ByFormat<Binding | "w", Param | keyof typeof PART>,
    w: Tensor,
    operands: Record<NoInfer<Exclude<Binding, "w">>, Tensor | undefined>,
    params: Record<NoInfer<Exclude<Param, keyof typeof PART>>, number | boolean>,
    gridOf: (columns: number) => Grid,
  ): void {
    for (const { tensor, first } of partsOf(w as GpuTensor)) {
      const [columns] = tensor.shape;
      const place = { first: first / 4, count: vec4s(columns) };
      dispatch(
        kernel[formatOf(w)],
        { ...operands, w: tensor } as Record<Binding | "w", Tensor | undefined>,
        { ...params, ...place } as Record<Param | keyof typeof PART, number | boolean>,
        gridOf(columns),
      );
    }
  }

  /** The parameters of a matrix-vector kernel about x and its norm. */
  function matvecInput(x: Tensor, w: Tensor, norm: Norm | undefined) {
    const [, length] = rowsOf(x.shape);
    const [outer] = w.shape;
    return { inner: vec4s(length), outer: vec4s(outer), length, eps: norm?.eps ?? 0, rms: norm?.kind === "rms" };
  }

  return {
    linear(y, x, w, { bias, norm, scale = 1, activation = "none", residual, residualNorm, multiply }) {
      const [rows, inner] = rowsOf(x.shape);
      const [outer] = w.shape;
      const common = { activation: ACTIVATION[activation], scale, ...NO_PROJECTION };
      if (rows >= tuning.matmulRows) {
        const operand = multiply ?? (residual && normed(residual, residualNorm));
        const operand_use = multiply ? OPERAND.multiplied : residual ? OPERAND.added : OPERAND.none;
        const operands = { x: normed(x, norm), bias, operand, y };
        const params = { rows, inner: vec4s(inner), outer: vec4s(outer), operand_use, ...common };
        product(matmul, w, operands, params, (columns) => matmulGrid(rows, columns));
      } else {
        const added = { none: OPERAND.added, layer: OPERAND.layerNormed, rms: OPERAND.rmsNormed };
        const addedAs = added[residualNorm ? (residualNorm.kind ?? "layer") : "none"];
        const operand_use = multiply ? OPERAND.multiplied : residual ? addedAs : OPERAND.none;
        const kernel = (norm ? matvecNormed : matvec).linear;
        const [operand, operand_norm] = [multiply ?? residual, residualNorm?.weights];
        const ofOperand = { operand_use, outer_length: outer, operand_eps: residualNorm?.eps ?? 0 };
        const params = { ...matvecInput(x, w, norm), ...ofOperand, ...common };
        const operands = { x, bias, norm: norm?.weights, operand, operand_norm, y };
        product(kernel, w, operands, params, (columns) => matvecGrid(rows, columns));
      }
    },

    projectQueryKeyValue({ query, cache }, x, w, { bias, norm, offset }) {
      const [rows, inner] = rowsOf(x.shape);
      const [outer] = w.shape;
      const [, time, width] = query.shape;
      // The result has neither activation, scale nor operand.
      const common = { activation: 0, operand_use: 0, scale: 0, time, capacity: cache.shape[1], width };
      if (rows >= tuning.matmulRows) {
        const params = { rows, inner: vec4s(inner), outer: vec4s(outer), ...common };
        const operands = { x: normed(x, norm), bias, offset, cache, query };
        product(matmulProject, w, operands, params, (columns) => matmulGrid(rows, columns));
      } else {
        const kernel = (norm ? matvecNormed : matvec).project;
        const params = { ...matvecInput(x, w, norm), outer_length: 0, operand_eps: 0, ...common };
        const operands = { x, bias, norm: norm?.weights, offset, cache, query };
        product(kernel, w, operands, params, (columns) => matvecGrid(rows, columns));
      }
    },
  };
}
