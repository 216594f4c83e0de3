/** Sound that is read in pieces: an hour of it need never be in memory. */

/** In Hz: what all models here read. */
export const SAMPLE_RATE = 16000;

/** Mono samples, full scale at -1 and 1. */
export interface Sound {
  /** In samples. */
  readonly length: number;
  /** In Hz. */
  readonly sampleRate: number;
  /** The samples from `start` to before `end`; both must lie within the sound. The caller must not change them. */
  read(start: number, end: number): Promise<Float32Array>;
}

export function soundOf(samples: Float32Array, sampleRate: number): Sound {
  return { length: samples.length, sampleRate, read: async (start, end) => samples.subarray(start, end) };
}

/**
 * The mean of several channels, rounded as numpy's `mean(axis=0)` of float32 rounds: the sum grows channel by channel.
 * @param channels of equal length, at least one
 */
export function mono(channels: readonly Float32Array[]): Float32Array {
  const [first, ...others] = channels;
  if (others.length === 0) return first;
  const out = first.slice();
  for (const channel of others) for (let i = 0; i < out.length; i++) out[i] += channel[i];
  for (let i = 0; i < out.length; i++) out[i] /= channels.length;
  return out;
}

/** Samples with their rate: one channel, or several of the same length. */
export interface Samples {
  /** Full scale at -1 and 1. */
  samples: Float32Array | Float32Array[];
  /** In Hz, an integer. */
  sampleRate: number;
}
