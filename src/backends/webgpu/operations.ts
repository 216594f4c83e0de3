/** The operations on WebGPU: each checks its operands, picks its kernels and notes one or two dispatches. */

import { beamShape, candidatesShape, HYPOTHESIS_FIELDS, backtraceShape, type BeamState } from "../../ops/beam-state";
import { ModelError } from "../../errors";
import type { AttentionOptions, Norm, Operations } from "../../ops/ops";
import { processorsShape } from "../../ops/logits-processors";
import {
  attentionShape,
  embedShape,
  layerNormShape,
  linearShape,
  projectionShape,
  selectionShape,
  topKShape,
} from "../../ops/shapes";
import type { WeightFormat } from "../../tensor/weight-format";
import { bitsOf, rowsOf, size, type Tensor } from "../../tensor/tensor";
import { ACTIVATIONS, attentionGrid, createKernels, matmulGrid, matvecGrid, topKChunk } from "./kernels";
import type { Grid, Kernel, Tuning } from "./kernels";
import { partsOf } from "./parts";
import type { Recorder } from "./recorder";
import type { GpuTensor } from "./gpu-tensor";

/** vec4s that hold `length` elements. */
const vec4s = (length: number): number => Math.ceil(length / 4);

/** Of a tensor whose dtype shapes.ts has checked. */
const formatOf = (tensor: Tensor): WeightFormat => tensor.dtype as WeightFormat;

const isRms = (norm: Norm | undefined): number => (norm?.kind === "rms" ? 1 : 0);

export function createOperations({ temporary, dispatch, ...recorder }: Recorder, tuning: Tuning): Operations {
  const kernels = createKernels(tuning);

  function layerNorm(x: Tensor, norm: Norm): Tensor {
    const y = temporary(layerNormShape(x, norm));
    const [rows, width] = rowsOf(x.shape);
    const params = [vec4s(width), width, bitsOf(norm.eps), isRms(norm)];
    dispatch(kernels.layerNorm, [x, norm.weights, y], params, [rows, 1, 1]);
    return y;
  }

  /** For the kernels that don't normalise themselves; a norm that two operations ask for is computed once. */
  const normed = (x: Tensor, norm: Norm | undefined): Tensor => (norm ? recorder.normed(x, norm, layerNorm) : x);

  /** x times the rows of w, which may lie in parts: each writes its own columns. */
  function product(
    kernel: Record<WeightFormat, Kernel>,
    [x, w, ...operands]: [Tensor, Tensor, ...(Tensor | undefined)[]],
    params: number[],
    gridOf: (columns: number) => Grid,
  ): void {
    for (const { tensor, first } of partsOf(w as GpuTensor)) {
      const [columns] = tensor.shape;
      const place = [first / 4, vec4s(columns)];
      dispatch(kernel[formatOf(w)], [x, tensor, ...operands], [...params, ...place], gridOf(columns));
    }
  }

  function attentionDispatch(kernel: Kernel, query: Tensor, cache: Tensor, y: Tensor, options: AttentionOptions): void {
    const [b, t, width] = query.shape;
    const { heads, mask, causalFrom, positionBias, ancestors } = options;
    const headWidth = width / heads;
    if (headWidth > 256) {
      throw new ModelError(
        "unsupported_model",
        `Heads of ${headWidth} elements are wider than the 256 that the GPU kernels take.`,
      );
    }
    const params = [t, cache.shape[1], width, headWidth, heads, b, b / cache.shape[0]];
    params.push(bitsOf(options.scale ?? 1 / Math.sqrt(headWidth)), mask ? 1 : 0, causalFrom ? 1 : 0);
    params.push(positionBias ? 1 : 0, positionBias ? (positionBias.buckets.shape[0] - 1) / 2 : 0, ancestors ? 1 : 0);
    const tensors = [query, cache, mask, causalFrom, positionBias?.table, positionBias?.buckets, ancestors, y];
    const weightsGrid: Grid = [Math.ceil(t / 64), heads, b];
    const grid = kernel === kernels.attentionWeights ? weightsGrid : attentionGrid(b, t, heads, tuning);
    dispatch(kernel, tensors, params, grid);
  }

  /** The k largest of every `together` rows of x, which may get running scores added; in two dispatches. */
  function largest(x: Tensor, k: number, together: number, state?: BeamState): GpuTensor {
    const [rows, width] = rowsOf(x.shape);
    const chunk = topKChunk(k);
    const chunks = Math.ceil(width / chunk);
    const kept = Math.min(k, chunk, width);
    const parts = temporary([rows, chunks * kept, 2], "u32");
    const params = [kept, width, 0, chunk, together, state ? 1 : 0, HYPOTHESIS_FIELDS];
    dispatch(kernels.topK, [x, state?.hypotheses, parts], params, [chunks, rows, 1]);
    if (chunks * together === 1) return parts;
    const lists = rows / together;
    const merged = temporary([lists, k, 2], "u32");
    dispatch(kernels.topK, [parts, undefined, merged], [k, together * chunks * kept, 1, 0, 1, 0, 0], [1, lists, 1]);
    return merged;
  }

  return {
    embed(ids, table, options) {
      const { scale, norm, positions, offset, padTokenId } = options;
      const shape = embedShape(ids, table, options);
      const y = temporary(shape);
      const [rows, width] = rowsOf(shape);
      const counting = positions ? (padTokenId === undefined ? 1 : 2) : 0;
      const kernel = kernels.embed[formatOf(table)];
      for (const { tensor, first } of partsOf(table as GpuTensor)) {
        const params = [shape[1], vec4s(width), bitsOf(scale), counting, padTokenId ?? 0, first, tensor.shape[0]];
        params.push(width, bitsOf(norm?.eps ?? 0), norm ? 1 + isRms(norm) : 0);
        dispatch(kernel, [ids, tensor, positions, offset, norm?.weights, y], params, [
          Math.ceil(vec4s(width) / 64),
          rows,
          1,
        ]);
      }
      return y;
    },
    layerNorm,
    linear(x, w, options) {
      const shape = linearShape(x, w, options);
      const { bias, norm, scale = 1, activation = "none", residual, residualNorm, multiply } = options;
      const [rows, inner] = rowsOf(x.shape);
      const outer = w.shape[0];
      const y = temporary(shape);
      if (rows >= tuning.matmulRows) {
        const operand = multiply ?? (residual && normed(residual, residualNorm));
        const mode = multiply ? 2 : residual ? 1 : 0;
        const params = [rows, vec4s(inner), vec4s(outer), ACTIVATIONS[activation], mode, bitsOf(scale), 0, 0, 0];
        product(kernels.matmul, [normed(x, norm), w, bias, operand, y], params, (n) => matmulGrid(rows, n));
        return y;
      }
      const mode = multiply ? 4 : residual ? (residualNorm ? 2 + isRms(residualNorm) : 1) : 0;
      const params = [vec4s(inner), vec4s(outer), inner, bitsOf(norm?.eps ?? 0), isRms(norm), bitsOf(scale)];
      params.push(ACTIVATIONS[activation], mode, outer, bitsOf(residualNorm?.eps ?? 0), 0, 0, 0);
      const kernel = norm ? kernels.matvecNormed : kernels.matvec;
      const operands = [bias, norm?.weights, multiply ?? residual, residualNorm?.weights, y];
      product(kernel, [x, w, ...operands], params, (n) => matvecGrid(rows, n, tuning));
      return y;
    },
    projectQueryKeyValue(x, w, options) {
      const [shape, cacheShape] = projectionShape(x, w, options);
      const { bias, norm, offset } = options;
      const query = temporary(shape);
      const cache = options.cache ?? temporary(cacheShape);
      const [rows, inner] = rowsOf(x.shape);
      const [, time, width] = shape;
      const outer = w.shape[0];
      const capacity = cache.shape[1];
      if (rows >= tuning.matmulRows) {
        const params = [rows, vec4s(inner), vec4s(outer), 0, 0, 0, time, capacity, width];
        const operands = [bias, offset, cache, query];
        product(kernels.matmulProject, [normed(x, norm), w, ...operands], params, (n) => matmulGrid(rows, n));
      } else {
        const params = [vec4s(inner), vec4s(outer), inner, bitsOf(norm?.eps ?? 0), isRms(norm)];
        params.push(0, 0, 0, 0, 0, time, capacity, width);
        const kernel = norm ? kernels.matvecProjectNormed : kernels.matvecProject;
        const operands = [bias, norm?.weights, offset, cache, query];
        product(kernel, [x, w, ...operands], params, (n) => matvecGrid(rows, n, tuning));
      }
      return { query, cache };
    },
    attention(query, cache, options) {
      const y = temporary(attentionShape(query, cache, options));
      attentionDispatch(kernels.attention, query, cache, y, options);
      return y;
    },
    attentionWeights(query, cache, options) {
      const [b, t] = attentionShape(query, cache, options);
      const y = temporary([b, options.heads, t, cache.shape[1]]);
      attentionDispatch(kernels.attentionWeights, query, cache, y, options);
      return y;
    },
    softmax(x) {
      const y = temporary(x.shape);
      const [rows, width] = rowsOf(x.shape);
      dispatch(kernels.softmax, [x, y], [width], [rows, 1, 1]);
      return y;
    },
    logSoftmax(x) {
      const y = temporary(x.shape);
      const [rows, width] = rowsOf(x.shape);
      dispatch(kernels.logSoftmax, [x, y], [width], [rows, 1, 1]);
      return y;
    },
    processLogits(scores, state) {
      processorsShape(scores, state);
      const { table, position, history, ancestors, source, sourceLength } = state;
      const [rows, , width] = scores.shape;
      const fields = history.shape.length === 3 ? history.shape[1] : 1;
      const together = rows / source.shape[0];
      const params = [width, rows, history.shape[0], fields, ancestors ? 1 : 0, together, source.shape[1]];
      const tensors = [table, position, history, ancestors, source, sourceLength, scores];
      dispatch(kernels.processLogits, tensors, params, [rows, 1, 1]);
    },
    topK(x, k) {
      topKShape(x, k);
      return largest(x, k, 1);
    },
    beamCandidates(logprobs, state) {
      const [, count] = candidatesShape(logprobs, state);
      return largest(logprobs, count, state.beams, state);
    },
    advanceBeams(candidates, state, vocabSize) {
      beamShape(candidates, state);
      const { beams, endTokens, token, position, ancestors, trace, hypotheses, done, settings } = state;
      const params = [beams, candidates.shape[1], vocabSize, hypotheses.shape[0], trace.shape[0], endTokens];
      const tensors = [candidates, settings, token, position, ancestors, trace, hypotheses, done];
      dispatch(kernels.advanceBeams, tensors, params, [candidates.shape[0], 1, 1]);
    },
    backtrace(state) {
      const shape = backtraceShape(state);
      const [rows, , capacity] = shape;
      const y = temporary(shape, "u32");
      dispatch(kernels.backtrace, [state.trace, state.hypotheses, y], [rows, capacity], [Math.ceil(rows / 64), 1, 1]);
      return y;
    },
    selectGreedy(logits, selection) {
      selectionShape(logits, selection);
      const { token, position, finished, history, logprobs, eos, pad } = selection;
      const [rows, width] = rowsOf(logits.shape);
      const tensors = [logits, eos, token, position, finished, history, logprobs];
      dispatch(kernels.selectGreedy, tensors, [rows, width, size(eos.shape), pad], [rows, 1, 1]);
    },
  };
}
