/**
 * The operations of src/ops/linear.ts. Few rows go to a matrix-vector kernel (matvec.ts), which applies the norms of its
 * operands itself; many go to a matrix product (matmul.ts), which reads what layer_norm.wgsl has made.
 */

import activationShader from "../../../shaders/activation.wgsl?raw";
import gate from "../../../shaders/gate.wgsl?raw";
import layout from "../../../shaders/layout.wgsl?raw";
import spread from "../../../shaders/spread.wgsl?raw";
import type { ImplementationOf } from "../../ops/contract";
import type { linear as contract } from "../../ops/linear";
import type { Norm } from "../../ops/rowwise";
import { rowsOf, type Tensor } from "../../tensor/tensor";
import { vec4s, type GpuTensor } from "./gpu-tensor";
import { gridOfRows } from "./grid";
import { kernel, type Grid } from "./kernel";
import { matmulKernels, type Matmul } from "./matmul";
import { matvecKernels, scoreKernels, type Matvec } from "./matvec";
import { partsOf } from "./parts";
import { ACTIVATION, NO_PROJECTION, OPERAND, PRODUCT_CONSTANTS, type PART } from "./products";
import type { OperationRecorder } from "./recorder";
import type { Tuning } from "./tuning";
import { formatOf, type ByFormat } from "./weights";

type GatedMatvec = Matvec & Required<Pick<Matvec, "gated">>;

/** Threads of spread.wgsl and of gate.wgsl. */
const THREADS = 64;

const [read, write] = ["read", "write"] as const;

export const kernels = (tuning: Tuning) => ({
  matmul: matmulKernels(tuning).map(({ linear, gated, project, projectScalars }) => ({
    linear,
    gated,
    project,
    projectScalars,
  })),
  matvec: matvecKernels(tuning).map(({ linear, gated, project, projectScalars }) => ({
    linear,
    project,
    projectScalars,
    ...(gated && { gated }),
  })),
  score: scoreKernels(tuning).map(({ score, scoreTwice }) => ({ score, scoreTwice })),
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

export function operations({
  dispatch,
  normed,
  temporary,
  tuning,
}: OperationRecorder): ImplementationOf<typeof contract> {
  const matmuls = matmulKernels(tuning);
  const matvecs = matvecKernels(tuning);
  const gatedMatvecs = matvecs.filter((matvec): matvec is GatedMatvec => matvec.gated !== undefined);
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

  function matvecFor<Able extends Matvec>(
    able: readonly Able[],
    x: Tensor,
    norm: Norm | undefined,
    gated = false,
  ): Able {
    const [rows, inner] = rowsOf(x.shape);
    return able.find(({ fits }) => fits(rows, vec4s(inner), norm !== undefined, gated)) ?? able[able.length - 1];
  }

  /**
   * One dispatch, or one for each part of the weights: each writes its own columns.
   * @param params of the product, or of a part of it whose columns are `gridOf(columns)` workgroups, after `before` of them
   * @param gated half of the rows of w are columns
   */
  function product<Binding extends string, Param extends string>(
    kernel: ByFormat<Binding | "w", Param | keyof typeof PART>,
    w: Tensor,
    operands: Record<NoInfer<Exclude<Binding, "w">>, Tensor | undefined>,
    params: (before: number) => Record<NoInfer<Exclude<Param, keyof typeof PART>>, number | boolean>,
    gridOf: (columns: number) => Grid,
    gated = false,
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
  /** The parameters of a kernel that computes no scores. */
  const noScores = { maxima: 0, first_maximum: 0, earlier_rms: 0, earlier_eps: 0 };

  const linear: ImplementationOf<typeof contract>["linear"] = (y, states, w, options) => {
    const { bias, norm, scale = 1, activation = "none", residual, residualNorm, gated = false, scores } = options;
    const [rows, inner] = rowsOf(states.shape);
    const [, outer] = rowsOf(y.shape);
    const common = { activation: ACTIVATION[activation], scale, ...NO_PROJECTION };
    const matmul = matmulFor(rows, outer, gated);
    if (matmul) {
      const operand = residual && normed(residual, residualNorm);
      const operands = { x: normed(states, norm), bias, operand, y };
      const operand_use = residual ? OPERAND.added : OPERAND.none;
      const sizes = { rows, inner: vec4s(inner), outer: vec4s(outer), outer_length: outer };
      const params = { ...sizes, operand_use, ...common };
      const gridOf = (columns: number): Grid => matmul.gridOf(rows, columns, gated);
      product(gated ? matmul.gated : matmul.linear, w, operands, () => params, gridOf, gated);
      return;
    }
    const added = { none: OPERAND.added, layer: OPERAND.layerNormed, rms: OPERAND.rmsNormed };
    const addedAs = added[residualNorm ? (residualNorm.kind ?? "layer") : "none"];
    const operand_use = residual ? addedAs : OPERAND.none;
    const ofOperand = { operand_use, operand_eps: residualNorm?.eps ?? 0 };
    const params = { ...matvecInput(states, outer, norm), ...ofOperand, ...common };
    const gridOf =
      (kernels: Pick<Matvec, "rows" | "columnsOf">) =>
      (columns: number): Grid => [
        Math.ceil(columns / kernels.columnsOf(formatOf(w), gated)),
        Math.ceil(rows / kernels.rows),
        1,
      ];
    const scorer = scorers.find((kernels) => kernels.rows >= rows) ?? scorers.at(-1);
    if (scores && scorer && !gated && activation === "none" && operand_use === OPERAND.none) {
      const grid = gridOf(scorer);
      const count = partsOf(w as GpuTensor).reduce((sum, { tensor }) => sum + grid(tensor.shape[0])[0], 0);
      const maxima = temporary([3, rows, count], "u32");
      const whole = partsOf(w as GpuTensor).length === 1;
      (y as GpuTensor).maxima = {
        tensor: maxima,
        columns: whole ? scorer.columnsOf(formatOf(w)) / 4 : undefined,
      };
      const earlier = norm?.earlier;
      const kernels = earlier ? scorer.scoreTwice : scorer.score;
      const operands = { x: states, bias, norm: norm?.weights, maxima, scores: y, earlier_norm: earlier?.weights };
      const ofEarlier = { earlier_rms: earlier?.kind === "rms", earlier_eps: earlier?.eps ?? 0 };
      const all = { ...params, ...ofEarlier, maxima: count };
      product(kernels, w, operands, (before) => ({ ...all, first_maximum: before }), grid);
      return;
    }
    const x = normed(states, norm?.earlier);
    const ofNorms = { norm: norm?.weights, operand_norm: residualNorm?.weights };
    const operands = { x, bias, ...ofNorms, operand: residual, y };
    const all = { ...params, ...noScores };
    if (gated) {
      const matvec = matvecFor(gatedMatvecs, x, norm, gated);
      product(matvec.gated, w, operands, () => all, gridOf(matvec), gated);
    } else {
      const matvec = matvecFor(matvecs, x, norm);
      product(matvec.linear, w, operands, () => all, gridOf(matvec));
    }
  };

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
        const operands = { x: normed(x, norm), bias, offset, cache, query, angles };
        product(
          matmul[entry],
          w,
          operands,
          () => params,
          (columns) => matmul.gridOf(rows, columns),
        );
        return;
      }
      const matvec = matvecFor(matvecs, x, norm);
      const params = { ...matvecInput(x, outer, norm), operand_eps: 0, ...common, ...noScores };
      const operands = { x, bias, norm: norm?.weights, offset, cache, query, angles };
      product(
        matvec[entry],
        w,
        operands,
        () => params,
        (columns) => [Math.ceil(columns / matvec.columnsOf(formatOf(w))), Math.ceil(rows / matvec.rows), 1],
      );
    },
  };
}
