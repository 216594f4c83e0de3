/** Position tables, computed in double precision: WGSL's sin and cos promise only 2^-11. */

/**
 * Section 3.5 of the paper: sin(p / 10000^(2i / D)) in column 2i, cos of the same in column 2i + 1.
 * @returns (length, width), row by row
 */
export function sinusoidalPositions(length: number, width: number): Float32Array {
  const table = new Float32Array(length * width);
  for (let p = 0; p < length; p++) {
    for (let c = 0; c < width; c += 2) {
      const angle = p * Math.exp(-c * (Math.log(10000) / width));
      table[p * width + c] = Math.sin(angle);
      table[p * width + c + 1] = Math.cos(angle);
    }
  }
  return table;
}

/**
 * Marian's arrangement of the same numbers (HF `MarianSinusoidalPositionalEmbedding`): all sines, then all cosines.
 * @returns (length, width)
 */
export function sinusoidsInHalves(length: number, width: number): Float32Array {
  const table = new Float32Array(length * width);
  const sines = Math.ceil(width / 2);
  for (let c = 0; c < width; c++) {
    const period = 10000 ** ((2 * Math.floor(c / 2)) / width);
    for (let p = 0; p < length; p++) {
      if (c % 2 === 0) table[p * width + c / 2] = Math.sin(p / period);
      else table[p * width + sines + (c - 1) / 2] = Math.cos(p / period);
    }
  }
  return table;
}

/**
 * Fairseq's variant (HF `M2M100SinusoidalPositionalEmbedding`): frequencies from 1 to 1 / 10000 with both ends in, and
 * zeros in the row of the pad token. In float32 step by step, as the models were trained: the angle of a late position
 * is off by more than our tolerance, and the model has learned that.
 * @returns (length, width)
 */
export function fairseqSinusoids(length: number, width: number, padTokenId: number): Float32Array {
  const table = new Float32Array(length * width);
  const half = Math.floor(width / 2);
  const step = Math.fround(-Math.log(10000) / (half - 1));
  for (let i = 0; i < half; i++) {
    const frequency = Math.fround(Math.exp(Math.fround(i * step)));
    for (let p = 0; p < length; p++) {
      if (p === padTokenId) continue;
      const angle = Math.fround(p * frequency);
      table[p * width + i] = Math.sin(angle);
      table[p * width + half + i] = Math.cos(angle);
    }
  }
  return table;
}

/**
 * Rotary positions (Su et al. 2021): pair i of a head is turned by the angle p theta^(-2i / span). In float32 step by step, as torch
 * computes it.
 * @param width how many elements of a head are turned: an even number
 * @param span `width`, or one less
 * @returns (length, width): cosine and sine of each pair
 */
export function rotaryAngles(length: number, width: number, span: number, theta: number): Float32Array {
  const table = new Float32Array(length * width);
  for (let c = 0; c < width; c += 2) {
    const frequency = Math.fround(1 / Math.fround(theta ** Math.fround(c / span)));
    for (let p = 0; p < length; p++) {
      const angle = Math.fround(p * frequency);
      table[p * width + c] = Math.cos(angle);
      table[p * width + c + 1] = Math.sin(angle);
    }
  }
  return table;
}

/**
 * The bucket of each distance key - query from -farthest to farthest (HF `T5Attention._relative_position_bucket`):
 * one each for the near distances, then logarithmically wider ones up to `farthest`, beyond which all share the last.
 * The logarithm is in float32 as in torch, since it decides at exact powers.
 * @param bidirectional whether keys after the query have buckets of their own; else they share bucket 0
 * @returns (2 * farthest + 1)
 */
export function relativeBuckets(count: number, farthest: number, bidirectional: boolean): Uint32Array {
  const ownSide = bidirectional ? Math.floor(count / 2) : count;
  const exact = Math.floor(ownSide / 2);
  const bucketOf = (distance: number): number => {
    if (distance < exact) return distance;
    const ratio = Math.fround(Math.log(Math.fround(distance / exact)));
    const share = Math.fround(ratio / Math.fround(Math.log(farthest / exact)));
    return Math.min(exact + Math.trunc(Math.fround(share * (ownSide - exact))), ownSide - 1);
  };
  return Uint32Array.from({ length: 2 * farthest + 1 }, (_, i) => {
    const distance = i - farthest;
    if (!bidirectional) return bucketOf(Math.max(0, -distance));
    return bucketOf(Math.abs(distance)) + (distance > 0 ? ownSide : 0);
  });
}
