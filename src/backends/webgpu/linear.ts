/**
 * The operations of src/ops/linear.ts. Few rows go to a matrix-vector kernel (matvec.ts), which applies the norms of its
 * operands itself; many go to a matrix product (matmul.ts), which reads what layer_norm.wgsl has made.
 */

import activationShader from "../../../shaders/activation.wgsl?raw";
import gate from "../../../shaders/gate.wgsl?raw";
import layout from "../../../shaders/layout.wgsl?raw";
import spread from "../../../shaders/spread.wgsl?raw";
import { invariant } from "../../errors";
import type { ImplementationOf } from "../../ops/contract";
import type { linear as contract, LinearOptions } from "../../ops/linear";
import type { Norm } from "../../ops/rowwise";
import { rowsOf, type Tensor } from "../../tensor/tensor";
import { vec4s, type GpuTensor } from "./gpu-tensor";
import { gridOfRows } from "./grid";
import { kernel, type Grid } from "./kernel";
import { matmulKernels, type Matmul } from "./matmul";
import { matvecKernels, scoreKernels, type Matvec, type Scorer } from "./matvec";
import { partsOf } from "./parts";
import { ACTIVATION, NO_PROJECTION, OPERAND, PRODUCT_CONSTANTS, type PART } from "./products";
import type { OperationRecorder } from "./recorder";
import type { Tuning } from "./tuning";
import { formatOf, type ByFormat } from "./weights";

/** Threads of spread.wgsl and of gate.wgsl. */
const THREADS = 64;

const [read, write] = ["read", "write"] as const;

export const kernels = (tuning: Tuning) => ({
  matmul: matmulKernels(tuning).map(({ kernels }) => kernels),
  matvec: matvecKernels(tuning).map(({ kernels }) => kernels),
  score: scoreKernels(tuning).map(({ kernels }) => kernels),
  spread: kernel({
    name: "spread",
    shader: { "layout.wgsl": layout, "spread.wgsl": spread },
    bindings: { x: read, offset: read, angles: read, cache: write, query: write },
    params: { rows: "u32", time: "u32", capacity: "u32", width: "u32", head_width: "u32", turned: "u32" },
    constants: { THREADS },
  }),
  gate: kernel({
    name: "gate",
    shader: { "layout.wgsl": layout, "activation.wgsl": activationShader, "gate.wgsl": gate },
    bindings: { x: read, y: write },
    params: { columns: "u32", activation: "u32" },
    constants: { ...PRODUCT_CONSTANTS, THREADS },
  }),
});

/** What a product is dispatched with: everything but the part of w. */
interface Product<Binding extends string, Param extends string> {
  operands: Record<Exclude<Binding, "w">, Tensor | undefined>;
  /** @param before how many workgroups along x compute the parts before this one */
  params: (before: number) => Record<Exclude<Param, keyof typeof PART>, number | boolean>;
  /** @param columns of a part */
  gridOf: (columns: number) => Grid;
  /** Whether half of the rows of w are columns. */
  gated?: boolean;
}

/** The parameters of a matrix-vector kernel that computes no scores. */
const NO_SCORES = { maxima: 0, first_maximum: 0, earlier_rms: 0, earlier_eps: 0 };

export function operations({
  dispatch,
  normed,
  temporary,
  tuning,
}: OperationRecorder): ImplementationOf<typeof contract> {
  const matmuls = matmulKernels(tuning);
  const matvecs = matvecKernels(tuning);
  const scorers = scoreKernels(tuning);
  const { spread, gate } = kernels(tuning);

  /**
   * The kernel for many rows, or undefined where those for few rows suit better. Of several the first with enough workgroups; where
   * none has, few rows are left to the others, and the rest to the smallest tile.
   */
  function matmulFor(rows: number, columns: number, gated?: boolean): Matmul | undefined {
    const able = matmuls.filter(({ from }) => rows >= from);
    const full = able.find(({ gridOf }) => {
      const [x, y] = gridOf(rows, columns, gated);
      return x * y >= tuning.fullGrid;
    });
    if (full ?? rows >= tuning.matmulRows) return full ?? able[able.length - 1];
    return undefined;
  }

  function matvecFor(x: Tensor, norm: Norm | undefined, gated = false): Matvec {
    const [rows, inner] = rowsOf(x.shape);
    const able = gated ? matvecs.filter(({ kernels }) => kernels.gated) : matvecs;
    return able.find(({ fits }) => fits(rows, vec4s(inner), norm !== undefined, gated)) ?? able[able.length - 1];
  }

  /** The kernel for scores that also keeps their maxima, where the product is nothing but scores. */
  function scorerFor(rows: number, options: LinearOptions): Scorer | undefined {
    const { scores, gated, activation = "none", residual } = options;
    if (!scores || gated || activation !== "none" || residual) return undefined;
    return scorers.find((scorer) => scorer.rows >= rows) ?? scorers.at(-1);
  }

  /** Workgroups of a matrix-vector kernel, for a number of columns. */
  const matvecGrid =
    ({ rows: together, columnsOf }: Pick<Matvec, "rows" | "columnsOf">, x: Tensor, w: Tensor, gated = false) =>
    (columns: number): Grid => [
      Math.ceil(columns / columnsOf(formatOf(w), gated)),
      Math.ceil(rowsOf(x.shape)[0] / together),
      1,
    ];

  /** One dispatch, or one for each part of the weights: each writes its own columns. */
  function product<Binding extends string, Param extends string>(
    kernel: ByFormat<Binding | "w", Param | keyof typeof PART>,
    w: Tensor,
    { operands, params, gridOf, gated = false }: Product<NoInfer<Binding>, NoInfer<Param>>,
  ): void {
    let before = 0;
    for (const { tensor, first } of partsOf(w as GpuTensor)) {
      const columns = gated ? tensor.shape[0] / 2 : tensor.shape[0];
      const place = { first: first / 4, count: vec4s(columns) };
      const grid = gridOf(columns);
      dispatch(
        kernel[formatOf(w)],
        { ...operands, w: tensor } as Record<Binding | "w", Tensor | undefined>,
        { ...params(before), ...place } as Record<Param | keyof typeof PART, number | boolean>,
        grid,
      );
      before += grid[0];
    }
  }

  /** The parameters of a matrix-vector kernel about x, its norm and the N columns of the result. */
  function matvecInput(x: Tensor, outer_length: number, norm: Norm | undefined) {
    const [rows, length] = rowsOf(x.shape);
    const ofNorm = { eps: norm?.eps ?? 0, normed: norm !== undefined, rms: norm?.kind === "rms" };
    return { rows, inner: vec4s(length), outer: vec4s(outer_length), length, outer_length, ...ofNorm };
  }

  /** The parameters of every kernel of `linear`. */
  const linearParams = ({ activation = "none", scale = 1 }: LinearOptions) => ({
    activation: ACTIVATION[activation],
    scale,
    ...NO_PROJECTION,
  });

  /** y = x w^T and so on for many rows, whose norms are applied before. */
  function linearOfMany(matmul: Matmul, y: Tensor, states: Tensor, w: Tensor, options: LinearOptions): void {
    const { bias, norm, residual, residualNorm, gated = false } = options;
    const [rows, inner] = rowsOf(states.shape);
    const [, outer] = rowsOf(y.shape);
    const operand = residual && normed(residual, residualNorm);
    const operand_use = residual ? OPERAND.added : OPERAND.none;
    const sizes = { rows, inner: vec4s(inner), outer: vec4s(outer), outer_length: outer };
    const params = { ...sizes, operand_use, ...linearParams(options) };
    product(gated ? matmul.kernels.gated : matmul.kernels.linear, w, {
      operands: { x: normed(states, norm), bias, operand, y },
      params: () => params,
      gridOf: (columns) => matmul.gridOf(rows, columns, gated),
      gated,
    });
  }

  /** The same for few rows, by kernels that apply the norms themselves; but that of a norm. */
  function linearOfFew(y: Tensor, states: Tensor, w: Tensor, options: LinearOptions): void {
    const { bias, norm, residual, residualNorm, gated = false } = options;
    const x = normed(states, norm?.earlier);
    const added = { none: OPERAND.added, layer: OPERAND.layerNormed, rms: OPERAND.rmsNormed };
    const addedAs = added[residualNorm ? (residualNorm.kind ?? "layer") : "none"];
    const ofOperand = { operand_use: residual ? addedAs : OPERAND.none, operand_eps: residualNorm?.eps ?? 0 };
    const ofX = matvecInput(states, rowsOf(y.shape)[1], norm);
    const params = { ...ofX, ...ofOperand, ...linearParams(options), ...NO_SCORES };
    const matvec = matvecFor(x, norm, gated);
    const kernel = gated ? matvec.kernels.gated : matvec.kernels.linear;
    invariant(kernel, "linear: no matrix-vector kernel for gated products");
    product(kernel, w, {
      operands: { x, bias, norm: norm?.weights, operand_norm: residualNorm?.weights, operand: residual, y },
      params: () => params,
      gridOf: matvecGrid(matvec, x, w, gated),
      gated,
    });
  }

  /** Scores of few rows, with the maximum of each workgroup's columns; by a kernel that applies the norm of a norm, too. */
  function linearOfScores(scorer: Scorer, y: Tensor, x: Tensor, w: Tensor, options: LinearOptions): void {
    const { bias, norm } = options;
    const [rows] = rowsOf(x.shape);
    const parts = partsOf(w as GpuTensor);
    const gridOf = matvecGrid(scorer, x, w);
    const count = parts.reduce((sum, { tensor }) => sum + gridOf(tensor.shape[0])[0], 0);
    const maxima = temporary([3, rows, count], "u32");
    const columns = parts.length === 1 ? scorer.columnsOf(formatOf(w)) / 4 : undefined;
    (y as GpuTensor).maxima = { tensor: maxima, columns };
    const earlier = norm?.earlier;
    const params = {
      ...matvecInput(x, rowsOf(y.shape)[1], norm),
      ...{ operand_use: OPERAND.none, operand_eps: 0 },
      ...linearParams(options),
      ...{ earlier_rms: earlier?.kind === "rms", earlier_eps: earlier?.eps ?? 0, maxima: count },
    };
    product(earlier ? scorer.kernels.scoreTwice : scorer.kernels.score, w, {
      operands: { x, bias, norm: norm?.weights, maxima, scores: y, earlier_norm: earlier?.weights },
      params: (before) => ({ ...params, first_maximum: before }),
      gridOf,
    });
  }

  function linear(y: Tensor, x: Tensor, w: Tensor, options: LinearOptions): void {
    const [rows] = rowsOf(x.shape);
    const matmul = matmulFor(rows, rowsOf(y.shape)[1], options.gated);
    const scorer = scorerFor(rows, options);
    if (matmul) linearOfMany(matmul, y, x, w, options);
    else if (scorer) linearOfScores(scorer, y, x, w, options);
    else linearOfFew(y, x, w, options);
  }

  return {
    linear(y, x, w, options) {
      if (!options.gated || partsOf(w as GpuTensor).length === 1) {
        linear(y, x, w, options);
        return;
      }
      // A half may begin within a part.
      const { bias, norm, activation = "none" } = options;
      const [rows, columns] = rowsOf(y.shape);
      const halves = temporary([x.shape[0], x.shape[1], w.shape[0]]);
      linear(halves, x, w, { bias, norm });
      const params = { columns, activation: ACTIVATION[activation] };
      dispatch(gate, { x: halves, y }, params, [Math.ceil(columns / THREADS), rows, 1]);
    },

    projectQueryKeyValue({ query, cache }, x, w, { bias, norm, offset, rotary }) {
      const [rows, inner] = rowsOf(x.shape);
      const [outer] = w.shape;
      const [, time, width] = query.shape;
      const head_width = rotary ? width / rotary.heads : 1;
      const angles = rotary?.table;
      const turned = angles?.shape[1] ?? 0;
      const place = { time, capacity: cache.shape[1], width, head_width, turned };
      // A vec4 of columns may have one half of a pair only.
      if (rotary && head_width % 2 === 1) {
        const projected = temporary([x.shape[0], time, outer]);
        linear(projected, x, w, { bias, norm });
        const grid: Grid = [Math.ceil(outer / THREADS), ...gridOfRows(rows)];
        dispatch(spread, { x: projected, offset, angles, cache, query }, { rows, ...place }, grid);
        return;
      }
      const entry = width % 4 === 0 ? "project" : "projectScalars";
      // The result has neither activation, scale nor operand.
      const common = { activation: 0, operand_use: 0, scale: 0, ...place };
      const matmul = matmulFor(rows, outer);
      if (matmul) {
        const params = { rows, inner: vec4s(inner), outer: vec4s(outer), outer_length: outer, ...common };
        product(matmul.kernels[entry], w, {
          operands: { x: normed(x, norm), bias, offset, cache, query, angles },
          params: () => params,
          gridOf: (columns) => matmul.gridOf(rows, columns),
        });
        return;
      }
      const matvec = matvecFor(x, norm);
      const params = { ...matvecInput(x, outer, norm), operand_eps: 0, ...common, ...NO_SCORES };
      product(matvec.kernels[entry], w, {
        operands: { x, bias, norm: norm?.weights, offset, cache, query, angles },
        params: () => params,
        gridOf: matvecGrid(matvec, x, w),
      });
    },
  };
}
