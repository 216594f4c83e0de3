/**
 * How many decode steps are in flight: submitted, but not read yet. Reading a result takes as long as the browser needs to
 * notice that it is there. Where that is longer than a step (Firefox looks every 100 ms), more steps are submitted meanwhile.
 */

export interface Pace {
  /** So many steps may be in flight now. */
  readonly limit: number;
  /**
   * Notes how long JavaScript waited for a result while `limit` steps were in flight.
   * @param ms undefined after an interruption: what was noted before says nothing about what comes
   */
  waited(ms: number | undefined): void;
}

export const steadyPace = (limit: number): Pace => ({ limit, waited: () => undefined });

/** One step in flight tells nothing about the next, so after so many waits two are tried again. */
const TRY_AGAIN = 16;

/** Differences between shorter waits (ms) are not seen: clocks of browsers are coarse. */
const SHORTEST = 0.5;

/**
 * Judges rounds of `limit` waits. With 4 steps in flight, a step of 7 ms and a look every 100 ms, they are 100, 0, 0, 0: all
 * results were there at once, so twice as many steps would have fitted. Where the steps themselves take the time, the waits are
 * 7, 7, 7, 7: more steps in flight would gain nothing and compute too much at the end of a sentence.
 */
export function adaptivePace(least: number, most: number): Pace {
  let limit = Math.max(2, least);
  let round: number[] = [];
  return {
    get limit() {
      return limit;
    },
    waited(ms) {
      round = ms === undefined ? [] : [...round, ms];
      if (round.length < (limit === 1 ? TRY_AGAIN : limit)) return;
      if (limit === 1) {
        [limit, round] = [2, []];
        return;
      }
      const [longest, ...others] = round.sort((a, b) => b - a);
      round = [];
      if (longest < SHORTEST) return;
      // While JavaScript waited for the first, the device had time for as many steps again.
      const idle = others.reduce((sum, wait) => sum + wait, 0) < longest / 2;
      const evenly = others[others.length - 1] > longest / 2;
      if (idle) limit = Math.min(most, 2 * limit);
      else if (evenly) limit = Math.max(least, Math.floor(limit / 2));
    },
  };
}
