/**
 * Tokens that a device could not draw, since the warpers leave more than its candidates: JavaScript reads the logits of their rows and
 * draws them by the same numbers. A part of the searches in JavaScript, which load when they are needed.
 */

import type { Ops } from "../../ops/ops";
import { drawFrom } from "../../util/distribution";
import { withoutBanned } from "../../util/scores";
import { createWarpers } from "../../util/warpers";
import type { SearchConfig } from "../options/search-config";
import type { Step } from "./decode-loop";
import { logitsOfRow, type Session } from "./session";
import type { Slots } from "./slots";

/** A row that the device has left where it was. */
export interface Undecided {
  row: number;
  /** The random numbers of its positions, from the end of the prompt on. */
  draws: readonly number[];
  /** Of the step, where they were read with it. */
  logits?: Float32Array;
}

/**
 * Draws the tokens, puts them into the result of the step, and brings all rows of the device to where they are after this step. Steps
 * that were submitted behind it have moved other rows further, and have computed the undecided rows again: so their logits are there.
 */
export async function decideRows(
  ops: Ops,
  session: Session,
  config: SearchConfig,
  { data: [tokens], byPosition }: Step,
  { sentences, fed }: Slots,
  undecided: readonly Undecided[],
): Promise<void> {
  const { selection, rows, width } = session;
  if (!selection) return;
  const slotOf = (row: number): number => Math.floor(row / width);
  const unread = undecided.filter(({ logits }) => !logits).map(({ row }) => row);
  const slices = unread.map((row) => logitsOfRow(session, row));
  const read = slices.length > 0 ? ((await ops.submit([], slices)) as Float32Array[]) : [];
  const warpers = createWarpers(config.warpers, 1);
  for (const { row, draws, logits = read[unread.indexOf(row)] } of undecided) {
    const position = fed[slotOf(row)];
    const scores = logits.map(withoutBanned);
    for (const warp of warpers) warp(scores);
    const [token, logprob] = drawFrom(scores, draws[position - (config.promptLength - 1)]);
    tokens[row] = token;
    const logprobs = byPosition.get(position);
    if (logprobs) logprobs[row] = logprob;
    ops.write(selection.history, Uint32Array.of(token), position * rows + row);
    ops.write(selection.logprobs, Float32Array.of(logprob), position * rows + row);
  }
  const chosen = sentences.map((sentence) => sentence?.search.results().map(({ choices }) => choices.at(-1)?.token));
  const hasEnded = (row: number): boolean => {
    const before = chosen[slotOf(row)];
    return !before || [before[row % width] ?? -1, tokens[row]].some((token) => config.eosTokenIds.includes(token));
  };
  const all = Array.from({ length: rows }, (_, row) => row);
  ops.write(selection.token, Uint32Array.from(tokens), 0);
  ops.write(
    selection.position,
    Uint32Array.from(all, (row) => fed[slotOf(row)] + 1),
    0,
  );
  ops.write(
    selection.finished,
    Uint32Array.from(all, (row) => (hasEnded(row) ? 1 : 0)),
    0,
  );
}
