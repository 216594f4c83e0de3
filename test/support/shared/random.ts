/** Seeded random numbers, so that a failing case fails again. */

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Integers in [0, limit). */
  integers(count: number, limit: number): Uint32Array;
  /** Normal with the given deviation. */
  normal(count: number, deviation?: number): Float32Array;
}

/** mulberry32 */
export function random(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    next,
    integers: (count, limit) => Uint32Array.from({ length: count }, () => Math.floor(next() * limit)),
    normal(count, deviation = 1) {
      // A loop: `from` takes several times as long, and there are millions of them.
      const values = new Float32Array(count);
      for (let i = 0; i < count; i++) {
        const radius = Math.sqrt(-2 * Math.log(1 - next()));
        values[i] = deviation * radius * Math.cos(2 * Math.PI * next());
      }
      return values;
    },
  };
}
