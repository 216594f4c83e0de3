/** The k largest scores of rows: from the parts whose maxima are known, or in two steps from all scores. */

import layout from "../../../shaders/layout.wgsl?raw";
import topK from "../../../shaders/top_k.wgsl?raw";
import topOfParts from "../../../shaders/top_of_parts.wgsl?raw";
import topRounds from "../../../shaders/top_rounds.wgsl?raw";
import { HYPOTHESIS, HYPOTHESIS_FIELDS, MAX_BEAMS, MAX_CANDIDATES } from "../../ops/beam-state";
import { MAX_SAMPLED } from "../../ops/sampling";
import { rowsOf, type Tensor } from "../../tensor/tensor";
import { named, SCORES } from "./constants";
import { kernel } from "./kernel";
import { maximaShader } from "./maxima";
import type { OperationRecorder } from "./recorder";
import { firstBy } from "./reduction";
import type { Tuning } from "./tuning";

const [read, write] = ["read", "write"] as const;
const OF_HYPOTHESES = { HYPOTHESIS_FIELDS, ...named("HYPOTHESIS", HYPOTHESIS) };
/** What top_of_parts.wgsl has room for. */
const MAX_K = Math.max(MAX_CANDIDATES, MAX_SAMPLED);
/** Scores that a workgroup of top_of_parts.wgsl reads, at most: 64 for each thread. */
const MOST_SCORES = 16_384;

/** One workgroup for each G rows, which reads the parts with the largest maxima. */
const ofParts = (tuning: Tuning) => ({
  topOfParts: kernel({
    name: "top_of_parts",
    shader: {
      ...maximaShader(tuning),
      ...firstBy(tuning),
      "top_rounds.wgsl": topRounds,
      "top_of_parts.wgsl": topOfParts,
    },
    bindings: { maxima: read, row_scores: read, hypotheses: read, y: write },
    params: {
      k: "u32",
      length: "u32",
      rows: "u32",
      group: "u32",
      parts: "u32",
      width: "u32",
      normalises: "u32",
      scored: "u32",
    },
    constants: { ...SCORES, ...OF_HYPOTHESES, MAX_BEAMS, MAX_K },
    overrides: { WORKGROUP: 4 * tuning.workgroup },
  }),
});

export const kernels = (tuning: Tuning) => ({
  topK: kernel({
    name: "top_k",
    shader: { "layout.wgsl": layout, ...firstBy(tuning), "top_rounds.wgsl": topRounds, "top_k.wgsl": topK },
    bindings: { x: read, hypotheses: read, y: write },
    params: { k: "u32", count: "u32", pairs: "u32", chunk: "u32", group: "u32", scored: "u32" },
    constants: { ...SCORES, ...OF_HYPOTHESES },
    overrides: { WORKGROUP: tuning.workgroup },
  }),
  ...(tuning.selection === "parts" && ofParts(tuning)),
});

/**
 * How much of a row one workgroup of top_k.wgsl takes: enough to leave out most of it. A software adapter runs few workgroups at once, and
 * pays for each of their k rounds.
 */
const chunkOf = (k: number, { matvec }: Tuning): number => (matvec === "thread" ? 8192 : 1024 * Math.ceil(k / 32));

/**
 * y (R / group, k, 2): the k largest of every `group` neighbouring rows of x (R, V), whose running scores, where there are
 * hypotheses, are added.
 */
export function largest(
  { dispatch, temporary, tuning, maximaOf, logitsOf, passOver }: OperationRecorder,
  y: Tensor,
  x: Tensor,
  k: number,
  group: number,
  hypotheses?: Tensor,
): void {
  const { topK, topOfParts } = kernels(tuning);
  const [rows, width] = rowsOf(x.shape);
  const scored = hypotheses !== undefined;

  // Log-probabilities that nobody has changed need not be there: the logits and their maxima say the same.
  const logits = logitsOf(x);
  const maxima = logits?.maxima ?? maximaOf(x);
  const ofPart = 4 * (maxima?.columns ?? Infinity);
  if (topOfParts && maxima && k <= MAX_K && k * ofPart <= MOST_SCORES) {
    const [, , parts] = maxima.tensor.shape;
    const params = { k, length: width, rows, group, parts, width: ofPart, normalises: logits !== undefined, scored };
    const operands = { maxima: maxima.tensor, row_scores: logits?.tensor ?? x, hypotheses, y };
    dispatch(topOfParts, operands, params, [rows / group, 1, 1]);
    if (logits) passOver(x);
    return;
  }

  // In two steps: the largest of each chunk of a row, then of all chunks together.
  const chunk = chunkOf(k, tuning);
  const chunks = Math.ceil(width / chunk);
  const kept = Math.min(k, chunk, width);
  // A row of one chunk, by itself, is done after the first step.
  const single = chunks * group === 1;
  const parts = single ? y : temporary([rows, chunks * kept, 2], "u32");
  const ofChunks = { k: kept, count: width, pairs: false, chunk, group, scored };
  dispatch(topK, { x, hypotheses, y: parts }, ofChunks, [chunks, rows, 1]);
  if (single) return;
  const ofAll = { k, count: group * chunks * kept, pairs: true, chunk: 0, group: 1, scored: false };
  dispatch(topK, { x: parts, hypotheses: undefined, y }, ofAll, [1, rows / group, 1]);
}
