/** From the logits to the next token. */

import { invariant } from "../errors";
import { rowsOf, type Tensor } from "../tensor/tensor";
import { expectShape, result } from "./contract";
import type { ProcessorState } from "./logits-processors";
import { DRAW_WORDS, MAX_SAMPLED, SAMPLER_WORDS } from "./sampling";

/** What greedy search and sampling keep on the device between steps. */
export interface Selection {
  /** (B, 1) u32: the newest token of each row, the next step's input. */
  token: Tensor;
  /** (B) u32: how many tokens the cache holds. */
  position: Tensor;
  /** (B) u32: 1 once the row has ended. */
  finished: Tensor;
  /** (C, B) u32: every selected token, by position. */
  history: Tensor;
  /** (C, B) f32: their log-probabilities. */
  logprobs: Tensor;
  /** (E) u32: the tokens that end a row. */
  eos: Tensor;
  /** What a row that has ended goes on with. */
  pad: number;
}

function expectSelection(op: string, b: number, selection: Selection): void {
  const { token, position, finished, history, logprobs, eos } = selection;
  expectShape(op, "token", token, [b, 1]);
  expectShape(op, "position", position, [b]);
  expectShape(op, "finished", finished, [b]);
  expectShape(op, "history", history, [null, b]);
  expectShape(op, "logprobs", logprobs, [...history.shape]);
  expectShape(op, "eos", eos, [null]);
}

export const selection = {
  /**
   * Takes the largest of the logits (B, 1, V), the lowest id where several are equal, and advances `selection`:
   * history and logprobs at the row's position, token, position + 1, finished.
   */
  selectGreedy(logits: Tensor, selection: Selection): void {
    expectShape("selectGreedy", "logits", logits, [null, 1, null]);
    expectSelection("selectGreedy", logits.shape[0], selection);
  },

  /**
   * Draws a token from the candidates (B, J, 2), which are what `topK` makes of the logits, and advances `selection` as
   * `selectGreedy` does. `sampler` (SAMPLER_WORDS + DRAW_WORDS B C) u32: the warpers and a draw for each position of each row,
   * see sampling.ts. The draw u takes the first token, by id, whose cumulative probability is above u.
   *
   * With `logits` (B, 1, V) the warpers may leave other tokens than the candidates. Where they leave one that is not above the last
   * candidate, the row stays as it is, position and all: somebody else has to draw its token.
   */
  sample(candidates: Tensor, selection: Selection, sampler: Tensor, logits?: Tensor): void {
    const [b, count] = candidates.shape;
    if (logits) expectShape("sample", "logits", logits, [b, 1, null]);
    expectShape("sample", "candidates", candidates, [null, null, 2]);
    invariant(count <= MAX_SAMPLED, `sample: ${count} candidates, at most ${MAX_SAMPLED}`);
    expectSelection("sample", b, selection);
    expectShape("sample", "sampler", sampler, [SAMPLER_WORDS + DRAW_WORDS * b * selection.history.shape[0]]);
  },

  /** Applies logits processors to the scores (B, 1, V) of the next token, in place; see `LogitsProcessors`. */
  processLogits(scores: Tensor, state: ProcessorState): void {
    const { table, position, history, ancestors, source, sourceLength } = state;
    expectShape("processLogits", "scores", scores, [null, 1, null]);
    const b = scores.shape[0];
    expectShape("processLogits", "table", table, [null]);
    expectShape("processLogits", "position", position, [b]);
    invariant(history.shape[history.shape.length - 1] === b, "processLogits: history has another number of rows");
    if (ancestors) expectShape("processLogits", "ancestors", ancestors, [2, history.shape[0], b]);
    expectShape("processLogits", "source", source, [null, null]);
    expectShape("processLogits", "sourceLength", sourceLength, [source.shape[0]]);
    invariant(b % source.shape[0] === 0, `processLogits: ${b} rows for ${source.shape[0]} sources`);
  },

  /**
   * The k largest of each row, largest first, of equals the lowest index: (..., V) -> (R, k, 2) u32, the bits of the
   * value and its index.
   */
  topK(x: Tensor, k: number) {
    const [rows, width] = rowsOf(x.shape);
    invariant(k >= 1 && k <= width, `topK: ${k} of ${width} values`);
    return result([rows, k, 2], "u32");
  },
};
