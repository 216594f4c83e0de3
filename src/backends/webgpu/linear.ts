/**
 * The operations of src/ops/linear.ts. Few rows go to a matrix-vector kernel (matvec.ts), which applies the norms of its
 * operands itself; many go to a matrix product (matmul.ts), which reads what layer_norm.wgsl has made.
 */

import layout from "../../../shaders/layout.wgsl?raw";
import rotate from "../../../shaders/rotate.wgsl?raw";
import type { ImplementationOf } from "../../ops/contract";
import type { linear as contract } from "../../ops/linear";
import type { Norm } from "../../ops/rowwise";
import { rowsOf, type Tensor } from "../../tensor/tensor";
import type { WeightFormat } from "../../tensor/weight-format";
import { vec4s, type GpuTensor } from "./gpu-tensor";
import { kernel, type Grid } from "./kernel";
import { matmulKernels, type Matmul } from "./matmul";
import { matvecKernels, scoreKernels, type Matvec } from "./matvec";
import { partsOf } from "./parts";
import { ACTIVATION, NO_PROJECTION, OPERAND, type PART } from "./products";
import type { OperationRecorder } from "./recorder";
import type { Tuning } from "./tuning";
import { formatOf, type ByFormat } from "./weights";

/** Threads of rotate.wgsl. */
const ROTATE = { THREADS: 64 };

const [read, write] = ["read", "write"] as const;

export const kernels = (tuning: Tuning) => ({
  matmul: matmulKernels(tuning).map(({ linear, project }) => ({ linear, project })),
  matvec: matvecKernels(tuning).map(({ linear, project }) => ({ linear, project })),
  score: scoreKernels(tuning).map(({ score }) => score),
  rotate: kernel({
    name: "rotate",
    shader: { "layout.wgsl": layout, "rotate.wgsl": rotate },
    bindings: { offset: read, angles: read, cache: write, query: write },
    params: { rows: "u32", time: "u32", capacity: "u32", width: "u32", head_width: "u32", turned: "u32" },
    constants: ROTATE,
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
  const scorers = scoreKernels(tuning);
  const { rotate } = kernels(tuning);

  /**
   * The kernel for many rows, or undefined where those for few rows suit better. Of several the first with enough workgroups; where
   * none has, few rows are left to the others, and the rest to the smallest tile.
   */
  function matmulFor(rows: number, columns: number): Matmul | undefined {
    const able = matmuls.filter(({ from }) => rows >= from);
    const full = able.find(({ gridOf }) => {
      const [x, y] = gridOf(rows, columns);
      return x * y >= tuning.fullGrid;
    });
    if (full ?? rows >= tuning.matmulRows) return full ?? able[able.length - 1];
    return undefined;
  }

  const matvecFor = (rows: number, inner: number, norm: Norm | undefined): Matvec =>
    matvecs.find(({ fits }) => fits(rows, vec4s(inner), norm !== undefined)) ?? matvecs[matvecs.length - 1];

  /**
   * One dispatch, or one for each part of the weights: each writes its own columns.
   * @param params of the product, or of a part of it whose columns are `gridOf(columns)` workgroups, after `before` of them
   */
  function product<Binding extends string, Param extends string>(
    kernel: ByFormat<Binding | "w", Param | keyof typeof PART>,
    w: Tensor,
    operands: Record<NoInfer<Exclude<Binding, "w">>, Tensor | undefined>,
    params: (before: number) => Record<NoInfer<Exclude<Param, keyof typeof PART>>, number | boolean>,
    gridOf: (columns: number) => Grid,
  ): void {
    let before = 0;
    for (const { tensor, first } of partsOf(w as GpuTensor)) {
      const [columns] = tensor.shape;
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

  /** The parameters of a matrix-vector kernel about x and its norm. */
  function matvecInput(x: Tensor, w: Tensor, norm: Norm | undefined) {
    const [rows, length] = rowsOf(x.shape);
    const [outer_length] = w.shape;
    const ofNorm = { eps: norm?.eps ?? 0, normed: norm !== undefined, rms: norm?.kind === "rms" };
    return { rows, inner: vec4s(length), outer: vec4s(outer_length), length, outer_length, ...ofNorm };
  }
  /** The parameters about maxima of a kernel that keeps none. */
  const noMaxima = { maxima: 0, first_maximum: 0 };

  return {
    linear(y, x, w, { bias, norm, scale = 1, activation = "none", residual, residualNorm, multiply, scores }) {
      const [rows, inner] = rowsOf(x.shape);
      const [outer] = w.shape;
      const common = { activation: ACTIVATION[activation], scale, ...NO_PROJECTION };
      const matmul = matmulFor(rows, outer);
      if (matmul) {
        const operand = multiply ?? (residual && normed(residual, residualNorm));
        const operand_use = multiply ? OPERAND.multiplied : residual ? OPERAND.added : OPERAND.none;
        const operands = { x: normed(x, norm), bias, operand, y };
        const params = { rows, inner: vec4s(inner), outer: vec4s(outer), operand_use, ...common };
        product(
          matmul.linear,
          w,
          operands,
          () => params,
          (columns) => matmul.gridOf(rows, columns),
        );
        return;
      }
      const added = { none: OPERAND.added, layer: OPERAND.layerNormed, rms: OPERAND.rmsNormed };
      const addedAs = added[residualNorm ? (residualNorm.kind ?? "layer") : "none"];
      const operand_use = multiply ? OPERAND.multiplied : residual ? addedAs : OPERAND.none;
      const ofOperand = { operand_use, operand_eps: residualNorm?.eps ?? 0 };
      const params = { ...matvecInput(x, w, norm), ...ofOperand, ...common };
      const gridOf =
        (kernels: { rows: number; columnsOf: (format: WeightFormat) => number }) =>
        (columns: number): Grid => [
          Math.ceil(columns / kernels.columnsOf(formatOf(w))),
          Math.ceil(rows / kernels.rows),
          1,
        ];
      const scorer = scorers.find((kernels) => kernels.rows >= rows) ?? scorers.at(-1);
      if (scores && scorer && activation === "none" && operand_use === OPERAND.none) {
        const grid = gridOf(scorer);
        const count = partsOf(w as GpuTensor).reduce((sum, { tensor }) => sum + grid(tensor.shape[0])[0], 0);
        const maxima = temporary([3, rows, count], "u32");
        const whole = partsOf(w as GpuTensor).length === 1;
        (y as GpuTensor).maxima = {
          tensor: maxima,
          columns: whole ? scorer.columnsOf(formatOf(w)) / 4 : undefined,
        };
        const operands = { x, bias, norm: norm?.weights, maxima, scores: y };
        product(scorer.score, w, operands, (before) => ({ ...params, maxima: count, first_maximum: before }), grid);
        return;
      }
      const matvec = matvecFor(rows, inner, norm);
      const [operand, operand_norm] = [multiply ?? residual, residualNorm?.weights];
      const operands = { x, bias, norm: norm?.weights, operand, operand_norm, y };
      product(matvec.linear, w, operands, () => ({ ...params, ...noMaxima }), gridOf(matvec));
    },

    projectQueryKeyValue({ query, cache }, x, w, { bias, norm, offset, rotary }) {
      const [rows, inner] = rowsOf(x.shape);
      const [outer] = w.shape;
      const [, time, width] = query.shape;
      const head_width = rotary ? width / rotary.heads : 1;
      // Of a pair that lies in two vec4s a product has one half only.
      const apart = rotary !== undefined && head_width % 2 === 1;
      const angles = rotary?.table;
      const turned = angles?.shape[1] ?? 0;
      const place = { time, capacity: cache.shape[1], width, head_width };
      // The result has neither activation, scale nor operand.
      const common = { activation: 0, operand_use: 0, scale: 0, ...place, turned: apart ? 0 : turned };
      const finish = (): void => {
        if (!apart) return;
        const grid: Grid = [Math.ceil((rotary.heads * turned) / 2 / ROTATE.THREADS), rows, 1];
        dispatch(rotate, { offset, angles, cache, query }, { rows, ...place, turned }, grid);
      };
      const matmul = matmulFor(rows, outer);
      if (matmul) {
        const params = { rows, inner: vec4s(inner), outer: vec4s(outer), ...common };
        const operands = { x: normed(x, norm), bias, offset, cache, query, angles };
        product(
          matmul.project,
          w,
          operands,
          () => params,
          (columns) => matmul.gridOf(rows, columns),
        );
        finish();
        return;
      }
      const matvec = matvecFor(rows, inner, norm);
      const params = { ...matvecInput(x, w, norm), operand_eps: 0, ...common, ...noMaxima };
      const operands = { x, bias, norm: norm?.weights, offset, cache, query, angles };
      product(
        matvec.project,
        w,
        operands,
        () => params,
        (columns) => [Math.ceil(columns / matvec.columnsOf(formatOf(w))), Math.ceil(rows / matvec.rows), 1],
      );
      finish();
    },
  };
}
