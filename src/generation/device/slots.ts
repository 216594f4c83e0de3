/** Places of a session, and the sentences that stand in them. One that has ended makes room for the next. */

import type { Ops } from "../../ops/ops";
import type { Search } from "../search/search";
import { writeSources, type Session } from "./session";

/** A sentence on its way. */
export interface Sentence {
  /** Its number in the call. */
  row: number;
  ids: number[];
  mask: number[];
  /** Decoder start token first. */
  prompt: readonly number[];
  search: Search;
}

/** What a call asks of whoever works on its sentences. */
export interface Control {
  signal?: AbortSignal;
  /** By `performance.now()`. */
  deadline: number;
  onEncoded: () => void;
}

export interface Slots {
  readonly sentences: (Sentence | undefined)[];
  /** By slot: how many tokens the cache holds. */
  readonly fed: number[];
  /** Is it worth while to stop for a new batch? */
  wantsRefill(waiting: number): boolean;
  /**
   * Sets back all slots that are empty, after new sentences have come into them from the front of the queue where that is
   * worth while; those must be encoded. Returns the slots.
   */
  refill(queue: Sentence[], onEncoded: () => void): number[];
}

export function createSlots(ops: Ops, session: Session): Slots {
  const { batchSize } = session;
  const sentences = new Array<Sentence | undefined>(batchSize).fill(undefined);
  const fed = new Array<number>(batchSize).fill(0);
  const empty = (): number[] => sentences.flatMap((sentence, slot) => (sentence ? [] : [slot]));
  // The whole batch is encoded again, so it should bring some rows in; what waits may be less than that.
  const wantsRefill = (waiting: number): boolean =>
    waiting > 0 && empty().length >= Math.min(waiting, Math.ceil(batchSize / 2));
  return {
    sentences,
    fed,
    wantsRefill,
    refill(queue, onEncoded) {
      const slots = empty();
      for (const slot of slots) fed[slot] = 0;
      if (!wantsRefill(queue.length)) return slots;
      for (const slot of slots) sentences[slot] = queue.shift();
      writeSources(ops, session, sentences);
      // The steps that follow are in the device's queue behind it; who waits for them meets its failures, too.
      ops.submit([session.encode]).then(onEncoded, () => undefined);
      return slots;
    },
  };
}
