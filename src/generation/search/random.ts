/**
 * The generator behind sampling, the same everywhere: xoshiro128** 1.1 (Blackman and Vigna 2018, prng.di.unimi.it),
 * its 128 bits of state filled by splitmix32 from a seed and the number of a stream. Each sequence of a call draws from
 * its own stream, so that what one row draws does not depend on how long the others are.
 */

export interface Random {
  /** A float64 in [0, 1) with 53 random bits. */
  next(): number;
}

/** @param seed and @param stream unsigned 32-bit integers */
export function createRandom(seed: number, stream = 0): Random {
  let mixed = (seed ^ Math.imul(stream, 0x9e3779b9)) >>> 0;
  const splitmix = (): number => {
    mixed = (mixed + 0x9e3779b9) >>> 0;
    let z = mixed;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  const s = Uint32Array.from({ length: 4 }, splitmix);
  if (s.every((word) => word === 0)) s[0] = 1; // the one state that the generator can't leave
  const rotate = (x: number, k: number): number => (x << k) | (x >>> (32 - k));
  const word = (): number => {
    const result = Math.imul(rotate(Math.imul(s[1], 5), 7), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 11);
    return result;
  };
  return {
    next: () => (word() * 2 ** 21 + (word() >>> 11)) * 2 ** -53,
  };
}

/** A seed that nobody chose. */
export function anySeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

/**
 * The first index whose cumulative probability is above `u` times their sum; never one of probability 0.
 * @param probabilities need not add up to 1
 */
export function draw(probabilities: Float64Array, u: number): number {
  let total = 0;
  for (const p of probabilities) total += p;
  const target = u * total;
  let cumulative = 0;
  let last = 0;
  for (let i = 0; i < probabilities.length; i++) {
    if (probabilities[i] === 0) continue;
    cumulative += probabilities[i];
    last = i;
    if (cumulative > target) return i;
  }
  return last; // rounding of the sums
}

/** Up to `count` different indices, in the order drawn; fewer where fewer have a probability. */
export function drawWithoutReplacement(probabilities: Float64Array, count: number, random: Random): number[] {
  const left = probabilities.slice();
  const drawn: number[] = [];
  while (drawn.length < count && left.some((p) => p > 0)) {
    const index = draw(left, random.next());
    drawn.push(index);
    left[index] = 0;
  }
  return drawn;
}
