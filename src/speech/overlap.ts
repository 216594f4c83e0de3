/** Joins token lists of neighbouring chunks, which overlap: `_find_longest_common_sequence` of transformers. */

/** Start and end of a token in seconds, and how probable it is, where that is known. */
export type Interval = readonly [start: number, end: number, probability?: number];

export interface Joined {
  tokens: number[];
  /** Of each token; empty where none were given. */
  times: Interval[];
}

/**
 * Each list slides over the next one; where most tokens agree, the left half of the overlap comes from the left and the right
 * half from the right. With times, tokens agree only where they are in order.
 */
export function joinOverlaps(lists: readonly (readonly number[])[], times: readonly (readonly Interval[])[]): Joined {
  const timed = times.length > 0;
  const out: Joined = { tokens: [], times: [] };
  let left = lists[0];
  let leftTimes = times[0] ?? [];
  lists.slice(1).forEach((right, i) => {
    const rightTimes = times[i + 1] ?? [];
    const agree = (a: number, b: number): boolean =>
      left[a] === right[b] && (!timed || leftTimes[a][0] < rightTimes[b][0] || isOrdered(leftTimes[a], rightTimes[b]));
    const place = bestOverlap(left.length, right.length, agree);
    const leftMiddle = Math.floor((place.leftStart + place.leftStop) / 2);
    const rightMiddle = Math.floor((place.rightStart + place.rightStop) / 2);
    out.tokens.push(...left.slice(0, leftMiddle));
    left = right.slice(rightMiddle);
    if (!timed) return;
    out.times.push(...leftTimes.slice(0, leftMiddle));
    leftTimes = rightTimes.slice(rightMiddle);
  });
  out.tokens.push(...left);
  if (timed) out.times.push(...leftTimes);
  return out;
}

/** Python compares tuples: by the start, of equal starts by the end. */
const isOrdered = (a: Interval, b: Interval): boolean => a[0] === b[0] && a[1] <= b[1];

interface Place {
  leftStart: number;
  leftStop: number;
  rightStart: number;
  rightStop: number;
}

function bestOverlap(leftLength: number, rightLength: number, agree: (a: number, b: number) => boolean): Place {
  let best = 0;
  let place: Place = { leftStart: leftLength, leftStop: leftLength, rightStart: 0, rightStop: 0 };
  for (let i = 1; i < leftLength + rightLength; i++) {
    const leftStart = Math.max(0, leftLength - i);
    const leftStop = Math.min(leftLength, leftLength + rightLength - i);
    const rightStart = Math.max(0, i - leftLength);
    let matches = 0;
    for (let k = 0; k < leftStop - leftStart; k++) if (agree(leftStart + k, rightStart + k)) matches++;
    // The second part is for long overlaps among equals.
    const score = matches / i + i / 10000;
    if (matches > 1 && score > best) {
      best = score;
      place = { leftStart, leftStop, rightStart, rightStop: Math.min(rightLength, i) };
    }
  }
  return place;
}
