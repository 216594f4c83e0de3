/** Places of a session, and the sentences that stand in them. One that has ended makes room for the next. */

import type { Ops } from "../ops";
import type { Search } from "./search";
import { writeSources, type RowState, type Session } from "./session";

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

export interface Slots extends RowState {
  readonly jobs: (Job | undefined)[];
  /** By place: how many tokens the cache holds. */
  readonly fed: number[];
  /** Is it worth while to stop for a new batch? */
  wantsRefill(waiting: number): boolean;
  /** Takes jobs from the front of the queue into empty places and encodes the batch. */
  refill(queue: Job[]): Promise<unknown>;
  /** Sets the rows of a place: their newest tokens, after `fed` others. */
  set(place: number, fed: number, tokens: readonly number[], finished: boolean): void;
}

export function createSlots(ops: Ops, session: Session): Slots {
  const { sentences, width, rows } = session;
  const jobs = new Array<Job | undefined>(sentences).fill(undefined);
  const fed = new Array<number>(sentences).fill(0);
  const slots: Slots = {
    jobs,
    fed,
    token: new Uint32Array(rows),
    position: new Uint32Array(rows),
    finished: new Uint32Array(rows).fill(1),
    wantsRefill(waiting) {
      const empty = jobs.filter((job) => !job).length;
      // The whole batch is encoded again, so it should bring some rows in; what waits may be less than that.
      return waiting > 0 && empty >= Math.min(waiting, Math.ceil(sentences / 2));
    },
    refill(queue) {
      jobs.forEach((job, place) => {
        if (job) return;
        jobs[place] = queue.shift();
        const start = jobs[place]?.prompt[0] ?? 0;
        slots.set(place, 0, new Array<number>(width).fill(start), !jobs[place]);
      });
      writeSources(ops, session, jobs);
      return ops.submit([session.encode]);
    },
    set(place, count, tokens, finished) {
      fed[place] = count;
      for (let i = 0; i < width; i++) {
        const row = place * width + i;
        slots.token[row] = tokens[i];
        slots.position[row] = count;
        slots.finished[row] = finished ? 1 : 0;
      }
    },
  };
  return slots;
}
