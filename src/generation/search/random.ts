/**
 * The random number generator of sampling: xoshiro128** 1.1 (Blackman and Vigna 2018, prng.di.unimi.it). splitmix32 fills its
 * 128 bits of state from a seed and the number of a stream. Each sequence of a call draws from its own stream, so its draws
 * do not depend on the length of the others.
 */

import { draw } from "../../util/distribution";

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
  if (s.every((word) => word === 0)) s[0] = 1; // the one state from which the generator never gets away
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

/** A random seed. */
export function anySeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

/** Up to `count` different indices in the order drawn; fewer if fewer have a probability above 0. */
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
