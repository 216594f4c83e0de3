/** The four stages of one head's attention, cut out of the engine's tensors: scores, mask, softmax, times V. */

import type { AttentionInternals, HostTensor } from "../../../src/index";

export interface Head {
  /** [query][key]: scale times query times key. */
  scores: number[][];
  /** [query][key]: the engine's weights; 0 where a mask hides the key. */
  weights: number[][];
  /** (T, Dh), (S, Dh), (S, Dh), (T, Dh), row-major: query, key, value, and weights times value. */
  query: Float32Array;
  key: Float32Array;
  value: Float32Array;
  result: Float32Array;
  /** Dh */
  width: number;
}

/** @param weights (1, H, T, S) */
export function headOf(internals: AttentionInternals, weights: HostTensor, head: number): Head {
  const [, heads, targets, sources] = weights.shape;
  const all = internals.query.shape[2];
  const width = all / heads;
  const part = ({ data }: HostTensor, rows: number): Float32Array => {
    const out = new Float32Array(rows * width);
    for (let row = 0; row < rows; row++) {
      const start = row * all + head * width;
      out.set(data.subarray(start, start + width), row * width);
    }
    return out;
  };
  const [query, key, value] = [
    part(internals.query, targets),
    part(internals.key, sources),
    part(internals.value, sources),
  ];
  const rows = matrix(weights, head);
  const result = new Float32Array(targets * width);
  const scores = rows.map((row, t) =>
    row.map((weight, s) => {
      let score = 0;
      for (let i = 0; i < width; i++) {
        score += query[t * width + i] * key[s * width + i];
        result[t * width + i] += weight * value[s * width + i];
      }
      return score * internals.scale;
    }),
  );
  return { scores, weights: rows, query, key, value, result, width };
}

/** One head of weights (1, H, T, S), or the average of all. */
export function matrix({ data, shape }: HostTensor, head: number | "average"): number[][] {
  const [, heads, targets, sources] = shape;
  const chosen = head === "average" ? [...Array(heads).keys()] : [head];
  return Array.from({ length: targets }, (_, t) =>
    Array.from({ length: sources }, (_, s) => {
      const sum = chosen.reduce((total, h) => total + data[(h * targets + t) * sources + s], 0);
      return sum / chosen.length;
    }),
  );
}
