/** The operations of src/ops/selection.ts. */

import historyToken from "../../../shaders/history_token.wgsl?raw";
import layout from "../../../shaders/layout.wgsl?raw";
import maximum from "../../../shaders/maximum.wgsl?raw";
import mergeGreedy from "../../../shaders/merge_greedy.wgsl?raw";
import processLogits from "../../../shaders/process_logits.wgsl?raw";
import processLogitsCommon from "../../../shaders/process_logits_common.wgsl?raw";
import rest from "../../../shaders/rest.wgsl?raw";
import sample from "../../../shaders/sample.wgsl?raw";
import selectGreedy from "../../../shaders/select_greedy.wgsl?raw";
import takeToken from "../../../shaders/take_token.wgsl?raw";
import type { ImplementationOf } from "../../ops/contract";
import { NEVER, PROCESSOR } from "../../ops/logits-processors";
import { DRAW_WORDS, MAX_SAMPLED, SAMPLER, SAMPLER_WORDS, TOP_H } from "../../ops/sampling";
import type { selection as contract } from "../../ops/selection";
import { rowsOf, size, type Tensor } from "../../tensor/tensor";
import { named, SCORES } from "./constants";
import { vec4s } from "./gpu-tensor";
import { kernel } from "./kernel";
import { kernels as largestKernels, largest } from "./largest";
import { CHUNK, maximaKernel, maximaOf, maximaShader } from "./maxima";
import type { OperationRecorder } from "./recorder";
import { reduction } from "./reduction";
import type { Tuning } from "./tuning";

const [read, write] = ["read", "write"] as const;

/** Words of process_logits_common.wgsl with a bit for each part of a row whose maximum is known. */
const MAXIMA_WORDS = 512;

/** What take_token.wgsl binds. */
const TAKEN = { eos: read, token: write, position: write, finished: write, history: write, logprobs: write } as const;

/** One workgroup for each row, which walks over the vocabulary. */
const ofRows = ({ workgroup }: Tuning) => ({
  selectGreedy: kernel({
    name: "select_greedy",
    shader: { "layout.wgsl": layout, "take_token.wgsl": takeToken, "select_greedy.wgsl": selectGreedy },
    bindings: { logits: read, ...TAKEN },
    params: { rows: "u32", length: "u32", eos_count: "u32", pad: "u32" },
    overrides: { WORKGROUP: workgroup },
  }),
});

/** One workgroup for each row, which reads the maxima of its parts. */
const ofParts = (tuning: Tuning) => ({
  mergeGreedy: kernel({
    name: "merge_greedy",
    shader: { ...maximaShader(tuning), "take_token.wgsl": takeToken, "merge_greedy.wgsl": mergeGreedy },
    bindings: { maxima: read, ...TAKEN },
    params: { rows: "u32", parts: "u32", eos_count: "u32", pad: "u32" },
    constants: SCORES,
    overrides: { WORKGROUP: 4 * tuning.workgroup },
  }),
});

export function kernels(tuning: Tuning) {
  const overrides = { WORKGROUP: tuning.workgroup };
  return {
    ...(tuning.selection === "parts" ? ofParts(tuning) : ofRows(tuning)),
    sample: kernel({
      name: "sample",
      shader: { "layout.wgsl": layout, "take_token.wgsl": takeToken, "sample.wgsl": sample },
      bindings: { candidates: read, ...TAKEN, sampler_table: read },
      params: { rows: "u32", candidates: "u32", eos_count: "u32", pad: "u32", capacity: "u32", parts: "u32" },
      constants: { ...SCORES, ...named("SAMPLER", SAMPLER), SAMPLER_WORDS, DRAW_WORDS, MAX_SAMPLED, TOP_H },
      overrides,
    }),
    rest: kernel({
      name: "rest",
      shader: { "layout.wgsl": layout, ...reduction(tuning), "rest.wgsl": rest },
      bindings: { x: read, candidates: read, sampler_table: read, y: write },
      params: { length: "u32", chunk: "u32", candidates: "u32" },
      constants: { ...SCORES, ...named("SAMPLER", SAMPLER), WORKGROUP: tuning.workgroup },
    }),
    processLogits: kernel({
      name: "process_logits",
      shader: {
        "layout.wgsl": layout,
        "maximum.wgsl": maximum,
        "history_token.wgsl": historyToken,
        "process_logits_common.wgsl": processLogitsCommon,
        "process_logits.wgsl": processLogits,
      },
      bindings: {
        table: read,
        position: read,
        history: read,
        ancestors: read,
        source: read,
        source_length: read,
        scores: write,
        maxima: write,
      },
      params: {
        vocabulary: "u32",
        rows: "u32",
        capacity: "u32",
        fields: "u32",
        has_ancestors: "u32",
        group: "u32",
        source_capacity: "u32",
        parts: "u32",
        part_columns: "u32",
      },
      constants: {
        ...SCORES,
        NEVER,
        MAXIMA_WORDS: tuning.selection === "parts" ? MAXIMA_WORDS : 1,
        ...named("PROCESSOR", PROCESSOR),
      },
      overrides,
    }),
    ...largestKernels(tuning),
  };
}

/** The candidates (B, J, 2), and behind them the sums over parts of the other tokens; and how many parts. */
function withRest(
  { dispatch, temporary }: OperationRecorder,
  kernel: ReturnType<typeof kernels>["rest"],
  candidates: Tensor,
  logits: Tensor,
  sampler: Tensor,
): [Tensor, number] {
  const [rows, count] = candidates.shape;
  const [, length] = rowsOf(logits.shape);
  const parts = Math.ceil(vec4s(length) / CHUNK);
  const y = temporary([rows, count + parts, 2], "u32");
  const params = { length, chunk: CHUNK, candidates: count };
  dispatch(kernel, { x: logits, candidates, sampler_table: sampler, y }, params, [parts, rows, 1]);
  return [y, parts];
}

export function operations(recorder: OperationRecorder): ImplementationOf<typeof contract> {
  const { dispatch, change, tuning } = recorder;
  const all = kernels(tuning);
  const maxima = maximaKernel(tuning);
  return {
    selectGreedy(logits, { token, position, finished, history, logprobs, eos, pad }) {
      const [rows, length] = rowsOf(logits.shape);
      const state = { eos, token, position, finished, history, logprobs };
      const ofEnds = { rows, eos_count: size(eos.shape), pad };
      if ("selectGreedy" in all) {
        dispatch(all.selectGreedy, { logits, ...state }, { length, ...ofEnds }, [rows, 1, 1]);
        return;
      }
      const { tensor } = maximaOf(recorder, maxima, logits);
      dispatch(all.mergeGreedy, { maxima: tensor, ...state }, { parts: tensor.shape[2], ...ofEnds }, [rows, 1, 1]);
    },

    sample(chosen, { token, position, finished, history, logprobs, eos, pad }, sampler, logits) {
      const [rows, count] = chosen.shape;
      const [candidates, parts] = logits ? withRest(recorder, all.rest, chosen, logits, sampler) : [chosen, 0];
      const operands = { candidates, eos, token, position, finished, history, logprobs, sampler_table: sampler };
      const params = { rows, candidates: count, eos_count: size(eos.shape), pad, capacity: history.shape[0], parts };
      dispatch(all.sample, operands, params, [rows, 1, 1]);
    },

    processLogits(scores, { table, position, history, ancestors, source, sourceLength }) {
      const [rows, vocabulary] = rowsOf(scores.shape);
      const [sentences, source_capacity] = source.shape;
      const known = recorder.maximaOf(scores);
      const parts = known?.columns && known.tensor.shape[2] <= 32 * MAXIMA_WORDS ? known.tensor.shape[2] : 0;
      const maxima = parts ? known?.tensor : undefined;
      const operands = { table, position, history, ancestors, source, source_length: sourceLength, scores, maxima };
      const params = {
        vocabulary,
        rows,
        capacity: history.shape[0],
        fields: history.shape.length === 3 ? history.shape[1] : 1,
        has_ancestors: ancestors !== undefined,
        group: rows / sentences,
        source_capacity,
        parts,
        part_columns: known?.columns ?? 0,
      };
      dispatch(all.processLogits, operands, params, [rows, 1, 1]);
      change(scores, parts ? known : undefined);
    },

    topK(y, x, k) {
      largest(recorder, y, x, k, 1);
    },
  };
}
