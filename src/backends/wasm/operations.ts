/**
 * The operations by the kernels of wasm/, over tensors in one memory. What takes no time worth a kernel (the bookkeeping of
 * a search, rules on scores) is the specification itself, over the same memory.
 */

import { activations } from "../cpu/math";
import type { Arithmetic } from "../cpu/int8";
import { turnProjected } from "../cpu/linear";
import { createImplementation as createSpecification } from "../cpu/operations";
import { advanceSelection } from "../cpu/selection";
import { f32 } from "../cpu/tensors";
import { HYPOTHESIS, HYPOTHESIS_FIELDS } from "../../ops/beam-state";
import type { WholeImplementation } from "../../ops/operations";
import type { AttentionOptions, Norm } from "../../ops/ops";
import { rowsOf, type Tensor } from "../../tensor/tensor";
import { createAudio } from "./audio";
import type { Kernels } from "./kernels";
import { ACTIVATION, hasKernel, SUM } from "./numbers";
import { parts, type Space } from "./memory";
import { at, formatOf } from "./tensors";

export function createImplementation(
  kernels: Kernels,
  space: Space,
  arithmetic: Arithmetic = "f32",
): WholeImplementation {
  /** Writes x normalised to `to`, where there is a norm; where the elements are then. */
  function normed(to: number, x: Tensor, norm: Norm | undefined): number {
    if (!norm) return at(x);
    const [rows, width] = rowsOf(x.shape);
    const from = normed(to, x, norm.earlier);
    kernels.norm(to, from, at(norm.weights), rows, width, norm.eps, norm.kind === "rms");
    return to;
  }

  /**
   * y = norm(x) w^T, rows of y one after another, with `more` bytes of scratch left over; where they are.
   * @param gated the product with the second half of w is where `more` begins
   */
  function multiply(
    y: number | undefined,
    x: Tensor,
    w: Tensor,
    norm: Norm | undefined,
    more = 0,
    gated = false,
  ): [number, number] {
    const [rows, k] = rowsOf(x.shape);
    const n = gated ? w.shape[0] / 2 : w.shape[0];
    const own = y === undefined ? 4 * rows * n : 0;
    const int8 = arithmetic === "int8" && w.dtype === "q8";
    const work = int8 ? kernels.int8Scratch(k) : kernels.productScratch(rows, k, SUM);
    const integers = int8 ? rows * kernels.quantizedBytes(k) : 0;
    const [input, worked, quantized, out, rest] = parts(space, norm ? 4 * rows * k : 0, work, integers, own, more);
    const to = y ?? out;
    const from = normed(input, x, norm);
    if (int8) kernels.quantize(quantized, from, rows, k);
    for (const [half, into] of gated ? [to, rest].entries() : [to].entries()) {
      const of = at(w) + half * n * kernels.rowBytes(formatOf(w), k);
      if (int8) kernels.productInt8(quantized, of, into, 4 * n, rows, n, k, worked);
      else kernels.product(formatOf(w), from, of, into, 4 * n, rows, n, k, SUM, worked);
    }
    return [to, rest];
  }

  function attend(out: number, weights: number, query: Tensor, cache: Tensor, options: AttentionOptions): void {
    const { heads, scale, mask, causalFrom, window, positionBias, ancestors } = options;
    const [before, after] = window ?? [-1, -1];
    const [b, t, inner] = query.shape;
    const [cacheRows, capacity] = cache.shape;
    const width = inner / heads;
    // Rows that share their keys, and see all of them, are queries of one row.
    const shared = weights === 0 && !causalFrom && !positionBias && !window;
    const [rows, queries] = shared ? [cacheRows, (b / cacheRows) * t] : [b, t];
    kernels.attention(
      out,
      weights,
      at(query),
      at(cache),
      at(mask),
      at(causalFrom),
      at(positionBias?.table),
      at(positionBias?.buckets),
      positionBias ? (positionBias.buckets.shape[0] - 1) / 2 : 0,
      at(ancestors),
      rows,
      queries,
      capacity,
      cacheRows,
      heads,
      width,
      scale ?? 1 / Math.sqrt(width),
      before,
      after,
      0,
      heads,
      space.scratch(kernels.attentionScratch(capacity, width)),
    );
  }

  return {
    ...createSpecification(arithmetic),
    ...createAudio(kernels, space),

    embed(y, ids, table, { scale, norm, normLast = false, positions, offset, padTokenId = -1 }) {
      const [b, t, d] = y.shape;
      const normalise = (): void => {
        if (norm) kernels.norm(at(y), at(y), at(norm.weights), b * t, d, norm.eps, norm.kind === "rms");
      };
      kernels.lookUp(at(y), at(ids), formatOf(table), at(table), scale, b * t, d);
      if (!normLast) normalise();
      if (positions) kernels.addPositions(at(y), at(ids), at(positions), at(offset), padTokenId, b, t, d);
      if (normLast) normalise();
    },
    layerNorm(y, x, norm) {
      normed(at(y), x, norm);
    },
    linear(y, x, w, { bias, norm, scale = 1, activation = "none", residual, residualNorm, gated = false }) {
      const [rows, n] = rowsOf(y.shape);
      const [, rest] = multiply(at(y), x, w, norm, residualNorm || gated ? 4 * rows * n : 0, gated);
      const added = residual ? normed(rest, residual, residualNorm) : 0;
      const factors = gated ? rest : 0;
      if (gated) kernels.finish(factors, rows, n, 1, at(bias) + 4 * n, ACTIVATION.none, 0, 0);
      if (hasKernel(activation)) {
        kernels.finish(at(y), rows, n, scale, at(bias), ACTIVATION[activation], added, factors);
        return;
      }
      // An activation that few models have: the specification's, element by element.
      kernels.finish(at(y), rows, n, scale, at(bias), ACTIVATION.none, 0, 0);
      const activate = activations[activation];
      const values = f32(y);
      const residuals = added > 0 ? new Float32Array(space.memory.buffer, added, rows * n) : undefined;
      const times = gated ? new Float32Array(space.memory.buffer, factors, rows * n) : undefined;
      for (let i = 0; i < values.length; i++)
        values[i] = (activate(values[i]) + (residuals?.[i] ?? 0)) * (times?.[i] ?? 1);
    },
    projectQueryKeyValue({ query, cache }, x, w, { bias, norm, offset, rotary }) {
      const [b, t, i] = query.shape;
      const [packed] = multiply(undefined, x, w, norm);
      kernels.finish(packed, b * t, 3 * i, 1, at(bias), ACTIVATION.none, 0, 0);
      kernels.split(at(query), at(cache), packed, at(offset), b, t, cache.shape[1], i);
      if (rotary) turnProjected(query, cache, offset, rotary);
    },
    attention(y, query, cache, options) {
      attend(at(y), 0, query, cache, options);
    },
    attentionWeights(y, query, cache, options) {
      attend(0, at(y), query, cache, options);
    },
    softmax(y, x) {
      kernels.softmax(at(y), at(x), ...rowsOf(x.shape));
    },
    logSoftmax(y, x) {
      kernels.logSoftmax(at(y), at(x), ...rowsOf(x.shape));
    },
    topK(y, x, k) {
      kernels.topK(at(y), at(x), ...rowsOf(x.shape), k);
    },
    beamCandidates(y, logprobs, { beams, hypotheses }) {
      const [sentences, count] = y.shape;
      const running = at(hypotheses) + 4 * HYPOTHESIS.running;
      const n = logprobs.shape[2];
      kernels.candidates(at(y), at(logprobs), running, 4 * HYPOTHESIS_FIELDS, sentences, beams, n, count);
    },
    selectGreedy(logits, selection) {
      const [rows, width] = rowsOf(logits.shape);
      const found = space.scratch(8 * rows);
      kernels.argmax(found, at(logits), rows, width);
      const { buffer } = space.memory;
      const [indices, logprobs] = [new Uint32Array(buffer, found, 2 * rows), new Float32Array(buffer, found, 2 * rows)];
      advanceSelection(selection, (row) => [indices[2 * row], logprobs[2 * row + 1]]);
    },
  };
}
