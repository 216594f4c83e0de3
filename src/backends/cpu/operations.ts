/** The operations on the CPU: each checks its operands and appends a call of its loops to the plan. */

import { beamShape, candidatesShape, backtraceShape, type BeamState } from "../../ops/beam-state";
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
import { rowsOf, type DType, type Tensor } from "../../tensor/tensor";
import { processLogits } from "./logits-processors";
import * as beam from "./beam";
import * as kernels from "./kernels";
import { f32, matrix, u32, type CpuTensor } from "./tensors";

/** What operations do to the plan that is being recorded. */
export interface Recorder {
  /** A tensor that lives as long as the plan. */
  temporary(this: void, shape: readonly number[], dtype?: DType): CpuTensor;
  /** `run` sees the arrays as they are when the plan runs. */
  append(this: void, run: () => void): void;
}

export function createOperations({ temporary, append }: Recorder): Operations {
  function command(shape: readonly number[], run: (out: Float32Array) => void): Tensor {
    const out = temporary(shape);
    append(() => run(f32(out)));
    return out;
  }

  return {
    embed(ids, table, options) {
      const shape = embedShape(ids, table, options);
      const { scale, norm, positions, offset, padTokenId } = options;
      return command(shape, (out) => {
        const tensors = {
          norm: norm && { ...norm, weights: f32(norm.weights) },
          positions: positions && f32(positions),
          offset: offset && u32(offset),
        };
        kernels.embed(out, { ids: u32(ids), table: matrix(table), scale, padTokenId, ...tensors }, shape);
      });
    },
    layerNorm(x, norm) {
      return command(layerNormShape(x, norm), (out) => out.set(normed(x, norm)));
    },
    linear(x, w, options) {
      const shape = linearShape(x, w, options);
      const { bias, norm, scale, activation, residual, residualNorm, multiply } = options;
      return command(shape, (out) => {
        const tensors = {
          residual: residual && normed(residual, residualNorm),
          multiply: multiply && f32(multiply),
        };
        const [rows] = rowsOf(x.shape);
        kernels.linear(out, { x: normed(x, norm), w: matrix(w), bias: f32(bias), scale, activation, ...tensors }, rows);
      });
    },
    projectQueryKeyValue(x, w, options) {
      const [shape, cacheShape] = projectionShape(x, w, options);
      const { bias, norm, offset } = options;
      const cache = options.cache ?? temporary(cacheShape);
      const query = command(shape, (out) => {
        const packed = new Float32Array(3 * out.length);
        kernels.linear(packed, { x: normed(x, norm), w: matrix(w), bias: f32(bias) }, rowsOf(x.shape)[0]);
        kernels.splitQueryKeyValue(out, f32(cache), packed, offset && u32(offset), shape, cache.shape[1]);
      });
      return { query, cache };
    },
    attention(query, cache, options) {
      return command(attentionShape(query, cache, options), (out) =>
        kernels.attention(out, attentionOf(query, cache, options)),
      );
    },
    attentionWeights(query, cache, options) {
      const [b, t] = attentionShape(query, cache, options);
      return command([b, options.heads, t, cache.shape[1]], (out) =>
        kernels.attentionWeights(out, attentionOf(query, cache, options)),
      );
    },
    softmax(x) {
      return command(x.shape, (out) => kernels.softmax(out, f32(x), rowsOf(x.shape)[1]));
    },
    logSoftmax(x) {
      return command(x.shape, (out) => kernels.logSoftmax(out, f32(x), rowsOf(x.shape)[1]));
    },
    processLogits(scores, state) {
      processorsShape(scores, state);
      const { table, position, history, ancestors, source, sourceLength } = state;
      const [rows, , width] = scores.shape;
      append(() =>
        processLogits(f32(scores), rows, width, {
          table: u32(table),
          position: u32(position),
          history: u32(history),
          fields: history.shape.length === 3 ? history.shape[1] : 1,
          ancestors: ancestors && u32(ancestors),
          capacity: history.shape[0],
          source: u32(source),
          sourceCapacity: source.shape[1],
          sourceLength: u32(sourceLength),
        }),
      );
    },
    topK(x, k) {
      const [rows, width] = topKShape(x, k);
      const out = temporary([rows, k, 2], "u32");
      append(() => beam.topK(u32(out), f32(x), k, width));
      return out;
    },
    beamCandidates(logprobs, state) {
      const out = temporary(candidatesShape(logprobs, state), "u32");
      append(() => beam.candidates(u32(out), f32(logprobs), beamsOf(state), logprobs.shape[2]));
      return out;
    },
    advanceBeams(candidates, state, vocabSize) {
      beamShape(candidates, state);
      append(() => beam.advance(u32(candidates), beamsOf(state), vocabSize));
    },
    backtrace(state) {
      const out = temporary(backtraceShape(state), "u32");
      append(() => beam.backtrace(u32(out), beamsOf(state)));
      return out;
    },
    selectGreedy(logits, selection) {
      selectionShape(logits, selection);
      const [rows, width] = rowsOf(logits.shape);
      append(() => {
        for (let row = 0; row < rows; row++) {
          const position = u32(selection.position)[row];
          const finished = u32(selection.finished)[row] === 1;
          const [best, logprob] = kernels.argmax(f32(logits), row * width, width);
          const token = finished ? selection.pad : best;
          u32(selection.history)[position * rows + row] = token;
          f32(selection.logprobs)[position * rows + row] = finished ? 0 : logprob;
          u32(selection.token)[row] = token;
          u32(selection.position)[row] = position + 1;
          if (u32(selection.eos).includes(token)) u32(selection.finished)[row] = 1;
        }
      });
    },
  };
}

function normed(x: Tensor, norm: Norm | undefined): Float32Array {
  if (!norm) return f32(x);
  const out = new Float32Array(f32(x).length);
  kernels.layerNorm(out, f32(x), { ...norm, weights: f32(norm.weights) }, rowsOf(x.shape)[1]);
  return out;
}

// The arrays of an operation's tensors.

const attentionOf = (query: Tensor, cache: Tensor, options: AttentionOptions): kernels.CpuAttention => ({
  query: f32(query),
  cache: f32(cache),
  mask: options.mask && u32(options.mask),
  causalFrom: options.causalFrom && u32(options.causalFrom),
  biasTable: options.positionBias && f32(options.positionBias.table),
  buckets: options.positionBias && u32(options.positionBias.buckets),
  ancestors: options.ancestors && u32(options.ancestors),
  shape: query.shape,
  cacheRows: cache.shape[0],
  capacity: cache.shape[1],
  heads: options.heads,
  scale: options.scale ?? 1 / Math.sqrt(query.shape[2] / options.heads),
});

const beamsOf = (state: BeamState): beam.CpuBeams => ({
  beams: state.beams,
  endTokens: state.endTokens,
  rows: state.hypotheses.shape[0],
  capacity: state.trace.shape[0],
  token: u32(state.token),
  position: u32(state.position),
  ancestors: u32(state.ancestors),
  trace: u32(state.trace),
  hypotheses: u32(state.hypotheses),
  done: u32(state.done),
  settings: u32(state.settings),
});
