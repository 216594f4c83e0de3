/**
 * The decode loop of searches that choose in JavaScript. Per step it reads the logits, V floats per row, asks the search of
 * each sentence, and writes tokens, positions and ancestors. It can run every search; `decode-loop.ts` is faster for those that
 * need no JavaScript.
 */

import type { Ops } from "../../ops/ops";
import { feedAgain } from "./feed-again";
import type { Session } from "./session";
import { createSlots, type Control, type Sentence } from "./slots";

/**
 * Runs all sentences of `queue`. They are taken from its front as slots become empty. Yields after each step. The session needs
 * no clean-up afterwards: the next call starts every slot anew.
 */
export async function* runHostSearch(
  ops: Ops,
  session: Session,
  queue: Sentence[],
  control: Control,
): AsyncGenerator<void, void, undefined> {
  const { width, vocabSize, decode } = session;
  const slots = await createSlots(ops, session, queue[0].prompt.length);
  const rows = createRows(session);
  const identity = Array.from({ length: width }, (_, i) => i);
  /** For sentences that began on a device that is lost. */
  const feedMoves = async (refilled: readonly number[]): Promise<void> => {
    const moves = slots.sentences.map((sentence) => sentence?.moves ?? []);
    const known = refilled.map((slot) => ({ slot, count: moves[slot].length }));
    if (known.every(({ count }) => count === 0)) return;
    const next = (slot: number, step: number): void => {
      rows.set(slot, ++slots.fed[slot], moves[slot][step].tokens, moves[slot][step].parents);
      rows.write(ops);
    };
    rows.write(ops);
    await feedAgain(ops, session, known, next, control.signal);
  };
  for (;;) {
    control.signal?.throwIfAborted();
    if (slots.wantsRefill(queue.length)) {
      const refilled = slots.refill(queue, control);
      for (const slot of refilled) rows.start(slot, slots.sentences[slot]?.prompt ?? [0]);
      await feedMoves(refilled);
    }
    const live = slots.sentences.flatMap((sentence, slot) => (sentence ? [{ sentence, slot }] : []));
    if (live.length === 0) return;
    rows.write(ops);
    const first = live[0].slot * width * vocabSize;
    const count = (live[live.length - 1].slot + 1) * width * vocabSize - first;
    const [logits] = await ops.submit([decode], [{ tensor: decode.outputs, start: first, count }]);
    await slots.encoded();
    control.signal?.throwIfAborted();
    await Promise.all(live.map(async ({ sentence }) => sentence.search.prepare?.()));
    const expired = performance.now() > control.deadline;
    for (const { sentence, slot } of live) {
      const fed = ++slots.fed[slot];
      const scores = identity.map((i) => {
        const start = (slot * width + i) * vocabSize - first;
        return (logits as Float32Array).subarray(start, start + vocabSize);
      });
      const move = sentence.search.step(scores, expired);
      if (move) {
        (sentence.moves ??= []).push(move);
        rows.set(slot, fed, move.tokens, move.parents);
      } else {
        slots.sentences[slot] = undefined;
        rows.start(slot, [0]);
      }
    }
    yield;
  }
}

/**
 * What the next step reads: the token and position of each row, and the table of ancestors (2, C, B) (see
 * `AttentionOptions.ancestors`), which says in which row's cache each position of a row lies. A step reads one of the two
 * tables, by the parity of the position. Rows may be at different positions here, so both tables are kept equal.
 */
function createRows(session: Session) {
  const { width, rows, targetLength, beams } = session;
  const token = new Uint32Array(rows);
  const position = new Uint32Array(rows);
  const ancestors = Uint32Array.from({ length: 2 * targetLength * rows }, (_, i) => i % rows);
  return {
    /** All rows of the slot are at the last token of a prompt, whose other tokens are in their caches. */
    start(slot: number, prompt: readonly number[]): void {
      const first = slot * width;
      const last = prompt.length - 1;
      token.fill(prompt[last], first, first + width);
      position.fill(last, first, first + width);
      if (!beams) return;
      for (let i = 0; i < 2 * targetLength; i++) {
        for (let row = first; row < first + width; row++) ancestors[i * rows + row] = row;
      }
    },
    /** Row i of the slot gets `tokens[i]` and continues the sequence of row `parents[i]`, whose cache holds `fed` tokens. */
    set(slot: number, fed: number, tokens: readonly number[], parents: readonly number[]): void {
      const first = slot * width;
      token.set(tokens, first);
      position.fill(fed, first, first + width);
      if (!beams) return;
      for (let p = 0; p < Math.min(fed, targetLength); p++) {
        const before = ancestors.slice(p * rows + first, p * rows + first + width);
        for (let i = 0; i < width; i++) ancestors[p * rows + first + i] = before[parents[i]];
      }
      // A row's newest position always lies in the row itself.
      if (fed < targetLength) for (let i = 0; i < width; i++) ancestors[fed * rows + first + i] = first + i;
      ancestors.copyWithin(targetLength * rows, 0, targetLength * rows);
    },
    write(ops: Ops): void {
      ops.write(session.token, token);
      ops.write(session.position, position);
      if (beams) ops.write(beams.ancestors, ancestors);
    },
  };
}
