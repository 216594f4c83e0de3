/** From the logits to the next token. */

import { invariant } from "../errors";
import { rowsOf, type Tensor } from "../tensor/tensor";
import { expectShape, result } from "./contract";
import type { ProcessorState } from "./logits-processors";

/** What greedy selection keeps on the device between steps. */
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

export const selection = {
  /**
   * Takes the largest of the logits (B, 1, V), the lowest id where several are equal, and advances `selection`:
   * history and logprobs at the row's position, token, position + 1, finished.
   */
  selectGreedy(logits: Tensor, { token, position, finished, history, logprobs, eos }: Selection): void {
    const b = logits.shape[0];
    expectShape("selectGreedy", "logits", logits, [null, 1, null]);
    expectShape("selectGreedy", "token", token, [b, 1]);
    expectShape("selectGreedy", "position", position, [b]);
    expectShape("selectGreedy", "finished", finished, [b]);
    expectShape("selectGreedy", "history", history, [null, b]);
    expectShape("selectGreedy", "logprobs", logprobs, [...history.shape]);
    invariant(rowsOf(eos.shape)[0] === 1, "selectGreedy: eos is not a list");
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
