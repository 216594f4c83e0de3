/** Places of a session, and the sentences that stand in them. One that has ended makes room for the next. */

import type { Ops } from "../../ops/ops";
import type { Search } from "../search/search";
import { writeSources, type Session } from "./session";

/** A sentence on its way. */
export interface Job {
  /** Its number in the call. */
  row: number;
  ids: number[];
  mask: number[];
  /** Decoder start token first. */
  prompt: readonly number[];
  search: Search;
}

/** What a call asks of whoever works on its jobs. */
export interface Control {
  signal?: AbortSignal;
  /** By `performance.now()`. */
  deadline: number;
  onEncoded: () => void;
}

export interface Slots {
  readonly jobs: (Job | undefined)[];
  /** By place: how many tokens the cache holds. */
  readonly fed: number[];
  /** Is it worth while to stop for a new batch? */
  wantsRefill(waiting: number): boolean;
  /**
   * Sets back all places that are empty, after new jobs have come into them from the front of the queue where that is
   * worth while; those must be encoded. Returns the places.
   */
  refill(queue: Job[], onEncoded: () => void): number[];
}

export function createSlots(ops: Ops, session: Session): Slots {
  const { sentences } = session;
  const jobs = new Array<Job | undefined>(sentences).fill(undefined);
  const fed = new Array<number>(sentences).fill(0);
  const empty = (): number[] => jobs.flatMap((job, place) => (job ? [] : [place]));
  // The whole batch is encoded again, so it should bring some rows in; what waits may be less than that.
  const wantsRefill = (waiting: number): boolean =>
    waiting > 0 && empty().length >= Math.min(waiting, Math.ceil(sentences / 2));
  return {
    jobs,
    fed,
    wantsRefill,
    refill(queue, onEncoded) {
      const places = empty();
      for (const place of places) fed[place] = 0;
      if (!wantsRefill(queue.length)) return places;
      for (const place of places) jobs[place] = queue.shift();
      writeSources(ops, session, jobs);
      // The steps that follow are in the device's queue behind it; who waits for them meets its failures, too.
      ops.submit([session.encode]).then(onEncoded, () => undefined);
      return places;
    },
  };
}
