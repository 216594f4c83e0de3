/** Arithmetic on one row of scores, (V) float32. Sums are float64, results float32, as everywhere in this engine. */

export type Scores = Float32Array;

/**
 * Changes the scores of the beams of one sentence in place.
 * @param scores one row of (V) a beam: logits, or log-probabilities in a beam search
 * @param sequences what each beam holds so far, decoder start token included; all of one length
 */
export type Processor = (scores: readonly Scores[], sequences: readonly (readonly number[])[]) => void;

/** A processor that looks at each beam alone. */
export function eachBeam(change: (scores: Scores, sequence: readonly number[]) => void): Processor {
  return (scores, sequences) => scores.forEach((row, beam) => change(row, sequences[beam]));
}

export function maxOf(scores: Scores): number {
  let max = -Infinity;
  for (let i = 0; i < scores.length; i++) if (scores[i] > max) max = scores[i];
  return max;
}

/** log(sum(exp(scores))). */
export function logSumExp(scores: Scores): number {
  const max = maxOf(scores);
  if (max === -Infinity) return -Infinity;
  let sum = 0;
  for (let i = 0; i < scores.length; i++) sum += Math.exp(scores[i] - max);
  return max + Math.log(sum);
}

/** In place. */
export function logSoftmax(scores: Scores): void {
  const norm = logSumExp(scores);
  for (let i = 0; i < scores.length; i++) scores[i] -= norm;
}

/** Probabilities, as float64. */
export function softmax(scores: Scores): Float64Array {
  const norm = logSumExp(scores);
  const out = new Float64Array(scores.length);
  for (let i = 0; i < scores.length; i++) out[i] = Math.exp(scores[i] - norm);
  return out;
}

/** The index of the largest, the lowest where several are equal. */
export function argmax(scores: Scores): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i] > scores[best]) best = i;
  return best;
}

/** Indices of the `k` largest, largest first, lower index first where they are equal. */
export function topIndices(values: ArrayLike<number>, k: number): number[] {
  const count = Math.min(k, values.length);
  // A heap of the best so far with the worst of them on top: index a is worse than b.
  const worse = (a: number, b: number): boolean => values[a] < values[b] || (values[a] === values[b] && a > b);
  const heap: number[] = [];
  const siftDown = (): void => {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) return;
      if (child + 1 < heap.length && worse(heap[child + 1], heap[child])) child++;
      if (!worse(heap[child], heap[at])) return;
      [heap[at], heap[child]] = [heap[child], heap[at]];
      at = child;
    }
  };
  const siftUp = (): void => {
    let at = heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!worse(heap[at], heap[parent])) return;
      [heap[at], heap[parent]] = [heap[parent], heap[at]];
      at = parent;
    }
  };
  for (let i = 0; i < values.length; i++) {
    if (heap.length < count) {
      heap.push(i);
      siftUp();
    } else if (count > 0 && worse(heap[0], i)) {
      heap[0] = i;
      siftDown();
    }
  }
  return heap.sort((a, b) => (worse(a, b) ? 1 : -1));
}
