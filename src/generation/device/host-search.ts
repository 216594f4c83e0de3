/**
 * The searches that JavaScript chooses for: each step the logits are read, V floats a row, each sentence's search is asked,
 * and tokens, positions and ancestors are written. It does all that decode-loop.ts does, and what the device alone cannot.
 */

import type { Ops } from "../../ops/ops";
import type { Session } from "./session";
import { createSlots, type Control, type Sentence } from "./slots";

/**
 * Yields after every step that moved a search. Sentences are taken from the front of `queue` as slots become empty.
 * The session is left as it is by whoever leaves the loop; the next call starts it anew.
 */
export async function* driveSearches(
  ops: Ops,
  session: Session,
  queue: Sentence[],
  control: Control,
): AsyncGenerator<void, void, undefined> {
  const { width, vocabSize, decode } = session;
  const slots = createSlots(ops, session);
  const rows = createRows(session);
  const repeated = (token: number): number[] => new Array<number>(width).fill(token);
  const own = Array.from({ length: width }, (_, i) => i);
  for (;;) {
    control.signal?.throwIfAborted();
    if (slots.wantsRefill(queue.length)) {
      for (const slot of slots.refill(queue, control.onEncoded)) {
        rows.set(slot, 0, repeated(slots.sentences[slot]?.prompt[0] ?? 0), own);
      }
    }
    const live = slots.sentences.flatMap((sentence, slot) => (sentence ? [{ sentence, slot }] : []));
    if (live.length === 0) return;
    rows.write(ops);
    // While the prompt is being read nobody asks what comes next.
    const asking = live
      .filter(({ sentence, slot }) => slots.fed[slot] >= sentence.prompt.length - 1)
      .map(({ slot }) => slot);
    const first = Math.min(...asking) * width * vocabSize;
    const count = (Math.max(...asking) + 1) * width * vocabSize - first;
    const [logits] = await ops.submit(
      [decode],
      asking.length > 0 ? [{ tensor: decode.outputs, start: first, count }] : [],
    );
    control.signal?.throwIfAborted();
    const expired = performance.now() > control.deadline;
    for (const { sentence, slot } of live) {
      const fed = ++slots.fed[slot];
      if (fed < sentence.prompt.length) {
        rows.set(slot, fed, repeated(sentence.prompt[fed]), own);
        continue;
      }
      const scores = own.map((i) => {
        const start = (slot * width + i) * vocabSize - first;
        return (logits as Float32Array).subarray(start, start + vocabSize);
      });
      const move = sentence.search.step(scores, expired);
      if (move) {
        rows.set(slot, fed, move.tokens, move.parents);
      } else {
        slots.sentences[slot] = undefined;
        rows.set(slot, 0, repeated(0), own);
      }
    }
    yield;
  }
}

/**
 * What the next step reads: token and position of each row, and where each position of each row lies, the table
 * (2, C, R) of `AttentionOptions.ancestors`. A step reads the half of its row's parity; both hold the same here, since
 * rows may be at different positions.
 */
function createRows(session: Session) {
  const { width, rows, target, beams } = session;
  const token = new Uint32Array(rows);
  const position = new Uint32Array(rows);
  const ancestors = Uint32Array.from({ length: 2 * target * rows }, (_, i) => i % rows);
  return {
    /** Row i of the slot takes `tokens[i]` and goes on with what row parents[i] had: `fed` tokens of the cache. */
    set(slot: number, fed: number, tokens: readonly number[], parents: readonly number[]): void {
      const first = slot * width;
      token.set(tokens, first);
      position.fill(fed, first, first + width);
      if (!beams) return;
      for (let p = 0; p < Math.min(fed, target); p++) {
        const before = ancestors.slice(p * rows + first, p * rows + first + width);
        for (let i = 0; i < width; i++) ancestors[p * rows + first + i] = before[parents[i]];
      }
      // A row's newest position always lies in the row itself.
      if (fed < target) for (let i = 0; i < width; i++) ancestors[fed * rows + first + i] = first + i;
      ancestors.copyWithin(target * rows, 0, target * rows);
    },
    write(ops: Ops): void {
      ops.write(session.token, token);
      ops.write(session.position, position);
      if (beams) ops.write(beams.ancestors, ancestors);
    },
  };
}
