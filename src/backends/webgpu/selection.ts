/** The operations of src/ops/selection.ts. */

import layout from "../../../shaders/layout.wgsl?raw";
import processLogits from "../../../shaders/process_logits.wgsl?raw";
import selectGreedy from "../../../shaders/select_greedy.wgsl?raw";
import topK from "../../../shaders/top_k.wgsl?raw";
import { HYPOTHESIS, HYPOTHESIS_FIELDS } from "../../ops/beam-state";
import type { ImplementationOf } from "../../ops/contract";
import { NEVER, PROCESSOR } from "../../ops/logits-processors";
import type { selection as contract } from "../../ops/selection";
import { rowsOf, size, type Tensor } from "../../tensor/tensor";
import { named, SCORES } from "./constants";
import { kernel } from "./kernel";
import type { OperationRecorder } from "./recorder";
import type { Tuning } from "./tuning";

export function kernels({ workgroup }: Tuning) {
  const [read, write] = ["read", "write"] as const;
  const overrides = { WORKGROUP: workgroup };
  return {
    selectGreedy: kernel({
      name: "select_greedy",
      shader: { "layout.wgsl": layout, "select_greedy.wgsl": selectGreedy },
      bindings: {
        logits: read,
        eos: read,
        token: write,
        position: write,
        finished: write,
        history: write,
        logprobs: write,
      },
      params: { rows: "u32", length: "u32", eos_count: "u32", pad: "u32" },
      overrides,
    }),
    processLogits: kernel({
      name: "process_logits",
      shader: { "layout.wgsl": layout, "process_logits.wgsl": processLogits },
      bindings: {
        table: read,
        position: read,
        history: read,
        ancestors: read,
        source: read,
        source_length: read,
        scores: write,
      },
      params: {
        vocabulary: "u32",
        rows: "u32",
        capacity: "u32",
        fields: "u32",
        has_ancestors: "u32",
        group: "u32",
        source_capacity: "u32",
      },
      constants: { ...SCORES, NEVER, ...named("PROCESSOR", PROCESSOR) },
      overrides,
    }),
    topK: kernel({
      name: "top_k",
      shader: { "layout.wgsl": layout, "top_k.wgsl": topK },
      bindings: { x: read, hypotheses: read, y: write },
      params: { k: "u32", count: "u32", pairs: "u32", chunk: "u32", group: "u32", scored: "u32" },
      constants: { ...SCORES, HYPOTHESIS_FIELDS, ...named("HYPOTHESIS", HYPOTHESIS) },
      overrides,
    }),
  };
}

/** How much of a row one workgroup of top_k.wgsl takes: enough to leave out most of it. */
const chunkOf = (k: number): number => 1024 * Math.ceil(k / 32);

/**
 * y (R / group, k, 2): the k largest of every `group` neighbouring rows of x (R, V), whose running scores, where there are
 * hypotheses, are added. In two steps: the largest of each chunk of a row, then of all chunks together.
 */
export function largest(
  { dispatch, temporary, tuning }: OperationRecorder,
  y: Tensor,
  x: Tensor,
  k: number,
  group: number,
  hypotheses?: Tensor,
): void {
  const { topK } = kernels(tuning);
  const [rows, width] = rowsOf(x.shape);
  const chunk = chunkOf(k);
  const chunks = Math.ceil(width / chunk);
  const kept = Math.min(k, chunk, width);
  // A row of one chunk, by itself, is done after the first step.
  const single = chunks * group === 1;
  const parts = single ? y : temporary([rows, chunks * kept, 2], "u32");
  const ofChunks = { k: kept, count: width, pairs: false, chunk, group, scored: hypotheses !== undefined };
  dispatch(topK, { x, hypotheses, y: parts }, ofChunks, [chunks, rows, 1]);
  if (single) return;
  const ofParts = { k, count: group * chunks * kept, pairs: true, chunk: 0, group: 1, scored: false };
  dispatch(topK, { x: parts, hypotheses: undefined, y }, ofParts, [1, rows / group, 1]);
}

export function operations(recorder: OperationRecorder): ImplementationOf<typeof contract> {
  const { dispatch, tuning } = recorder;
  const { selectGreedy, processLogits } = kernels(tuning);
  return {
    selectGreedy(logits, { token, position, finished, history, logprobs, eos, pad }) {
      const [rows, length] = rowsOf(logits.shape);
      const operands = { logits, eos, token, position, finished, history, logprobs };
      dispatch(selectGreedy, operands, { rows, length, eos_count: size(eos.shape), pad }, [rows, 1, 1]);
    },

    processLogits(scores, { table, position, history, ancestors, source, sourceLength }) {
      const [rows, vocabulary] = rowsOf(scores.shape);
      const [sentences, source_capacity] = source.shape;
      const operands = { table, position, history, ancestors, source, source_length: sourceLength, scores };
      const params = {
        vocabulary,
        rows,
        capacity: history.shape[0],
        fields: history.shape.length === 3 ? history.shape[1] : 1,
        has_ancestors: ancestors !== undefined,
        group: rows / sentences,
        source_capacity,
      };
      dispatch(processLogits, operands, params, [rows, 1, 1]);
    },

    topK(y, x, k) {
      largest(recorder, y, x, k, 1);
    },
  };
}
