/**
 * Resampling with the filter of torchaudio's `functional.resample` (sinc_interp_hann, width 6, rolloff 0.99), which
 * transformers' pipeline calls. With the rates divided by their greatest common divisor, from `orig` to `new`:
 *
 *     f          = 0.99 min(orig, new)
 *     out[q new + p] = sum over i of h((i / orig - p / new) f) x[q orig + i] f / orig,  h(t) = sinc(t) cos(pi t / 12)^2, |t| < 6
 *
 * torchaudio computes the filter in float32, so it is rounded here at the same places; sums are in doubles.
 */

import type { Sound } from "./sound";

const WIDTH = 6;
const ROLLOFF = 0.99;
const PI = Math.fround(Math.PI);

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}

/** The filter of one phase: weights of the samples `first`, `first + 1`, ... relative to the first sample of the block. */
interface Phase {
  first: number;
  weights: Float32Array;
}

/** A filter bank between two rates; any stretch of the output can be computed from the input around it. */
export class Resampler {
  private readonly orig: number;
  private readonly next: number;
  private readonly phases: Phase[];
  /** Samples that the filter reads before and after a block of `orig` of them. */
  private readonly margin: number;

  /** @param from rate of the input in Hz, an integer @param to that of the output */
  constructor(from: number, to: number) {
    const common = divisor(from, to);
    this.orig = from / common;
    this.next = to / common;
    this.margin = Math.ceil((WIDTH * this.orig) / (ROLLOFF * Math.min(this.orig, this.next)));
    this.phases = Array.from({ length: this.next }, (_, p) => this.phase(p));
  }

  private phase(p: number): Phase {
    const { fround } = Math;
    const { orig, next, margin } = this;
    const base = ROLLOFF * Math.min(orig, next);
    const [f, scale] = [fround(base), fround(base / orig)];
    const weights: number[] = [];
    let first = 0;
    // Farther away the filter is 0.
    const reach = (p / next - WIDTH / base) * orig;
    const low = Math.max(-margin, Math.floor(reach) - 1);
    const high = Math.min(margin + orig, Math.ceil(reach + (2 * WIDTH * orig) / base) + 2);
    for (let i = low; i < high; i++) {
      const t = fround(fround(fround(-p / next) + fround(i / orig)) * f);
      if (Math.abs(t) >= WIDTH) continue;
      if (weights.length === 0) first = i;
      const cosine = fround(Math.cos(fround(fround(fround(t * PI) / WIDTH) / 2)));
      const angle = fround(t * PI);
      const sinc = t === 0 ? 1 : fround(fround(Math.sin(angle)) / angle);
      weights.push(sinc * fround(fround(cosine * cosine) * scale));
    }
    return { first, weights: Float32Array.from(weights) };
  }

  /** How many samples become of `length`. */
  outputLength(length: number): number {
    return Math.ceil((this.next * length) / this.orig);
  }

  /** Input samples that the output samples from `start` to before `end` are made of; some may lie outside of the input. */
  inputRange(start: number, end: number): [start: number, end: number] {
    const block = (at: number): number => Math.floor(at / this.next) * this.orig;
    return [block(start) - this.margin, block(end - 1) + this.orig + this.margin];
  }

  /** How many output samples can be computed for good from the first `length` samples of an input that goes on. */
  settled(length: number): number {
    const blocks = Math.floor((length - this.margin) / this.orig);
    return Math.max(0, blocks * this.next);
  }

  /**
   * The output samples from `start` to before `end`.
   * @param input samples from `offset` on; what lies outside of them is 0
   */
  run(input: Float32Array, offset: number, start: number, end: number): Float32Array {
    const out = new Float32Array(end - start);
    for (let at = start; at < end; at++) {
      const q = Math.floor(at / this.next);
      const { first, weights } = this.phases[at - q * this.next];
      const base = q * this.orig + first - offset;
      const low = Math.max(0, -base);
      const high = Math.min(weights.length, input.length - base);
      let sum = 0;
      for (let i = low; i < high; i++) sum += weights[i] * input[base + i];
      out[at - start] = sum;
    }
    return out;
  }
}

/** The same sound at another rate, read in pieces as the sound is. */
export function resampled(sound: Sound, sampleRate: number): Sound {
  if (sound.sampleRate === sampleRate) return sound;
  const resampler = new Resampler(sound.sampleRate, sampleRate);
  return {
    length: resampler.outputLength(sound.length),
    sampleRate,
    async read(start, end) {
      if (start >= end) return new Float32Array();
      const [low, high] = resampler.inputRange(start, end);
      const offset = Math.max(0, low);
      const input = await sound.read(offset, Math.max(offset, Math.min(sound.length, high)));
      return resampler.run(input, offset, start, end);
    },
  };
}

/** Resamples a sound that arrives in blocks. */
export class StreamResampler {
  private readonly resampler: Resampler | undefined;
  /** Input from `offset` on that is still read. */
  private pending = new Float32Array();
  private offset = 0;
  private written = 0;

  constructor(from: number, to: number) {
    this.resampler = from === to ? undefined : new Resampler(from, to);
  }

  /** The samples that are complete with this block. */
  push(block: Float32Array): Float32Array {
    if (!this.resampler) return block;
    const joined = new Float32Array(this.pending.length + block.length);
    joined.set(this.pending);
    joined.set(block, this.pending.length);
    this.pending = joined;
    return this.take(this.resampler, this.resampler.settled(this.offset + joined.length));
  }

  /** The rest, after the last block. */
  end(): Float32Array {
    if (!this.resampler) return new Float32Array();
    return this.take(this.resampler, this.resampler.outputLength(this.offset + this.pending.length));
  }

  private take(resampler: Resampler, end: number): Float32Array {
    const start = this.written;
    if (end <= start) return new Float32Array();
    const out = resampler.run(this.pending, this.offset, start, end);
    this.written = end;
    const needed = Math.max(0, resampler.inputRange(end, end + 1)[0]);
    this.pending = this.pending.slice(Math.max(0, needed - this.offset));
    this.offset = Math.max(this.offset, needed);
    return out;
  }
}
