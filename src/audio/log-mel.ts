/**
 * The log-mel spectrogram of WhisperFeatureExtractor (transformers, feature_extraction_whisper.py), in doubles:
 *
 *     power[t, k] = |FFT(hann * samples around t * hop)[k]|^2                the sound is reflected at both ends
 *     x[m, t]     = log10(max(sum over k of filter[m, k] power[t, k], 1e-10))
 *     out[m, t]   = (max(x[m, t], max of all x - 8) + 4) / 4
 *
 * The maximum is that of the whole sound. So a long sound is gone through twice, window by window: once for the maximum,
 * once for the values. No more than one window of features is in memory.
 */

import { createFft } from "./fft";
import { melFilters } from "./mel";
import { SAMPLE_RATE, soundOf, type Sound } from "./sound";

/** The fields of preprocessor_config.json that decide the features. */
export interface MelSettings {
  /** Number of mel filters. */
  feature_size: number;
  /** In Hz. */
  sampling_rate: number;
  /** Samples from frame to frame. */
  hop_length: number;
  /** Samples of a frame. */
  n_fft: number;
  /** Seconds of a window of the model. */
  chunk_length: number;
}

/** The values of `MelSettings` that transformers' feature extractor has by default, which are Whisper's. */
export const WHISPER_MEL: MelSettings = {
  feature_size: 80,
  sampling_rate: SAMPLE_RATE,
  hop_length: 160,
  n_fft: 400,
  chunk_length: 30,
};

/** Features of one window. */
export interface MelFeatures {
  /** (M, T), filter by filter. */
  data: Float32Array;
  /** M filters, T frames. */
  shape: [number, number];
}

/** What silence gives: log10 of the least power that counts. */
const FLOOR = -10;
/** Values more than this below the maximum are raised to it. */
const RANGE = 8;
/** Frames that are computed at a time in the pass for the maximum. */
const PIECE = 3000;

/** Computes log10 of the mel spectrum of frames. Holds the tables of one setting. */
export class MelSpectrum {
  private readonly fft;
  private readonly filters;
  private readonly window;
  private readonly re;
  private readonly im;
  private readonly power;

  constructor(readonly settings: MelSettings) {
    const { n_fft: n, feature_size, sampling_rate } = settings;
    this.fft = createFft(n);
    this.filters = melFilters(n / 2 + 1, feature_size, sampling_rate);
    this.window = Float64Array.from({ length: n }, (_, k) => 0.5 - 0.5 * Math.cos((2 * Math.PI * k) / n));
    this.re = new Float64Array(n);
    this.im = new Float64Array(n);
    this.power = [new Float64Array(n / 2 + 1), new Float64Array(n / 2 + 1)];
  }

  /**
   * Frame t covers `n_fft` samples from `t * hop_length` on.
   * @param samples of all frames, n_fft - hop_length more than count * hop_length
   * @param out (M, stride), filter by filter: frame t is written to column t
   * @returns the largest value
   */
  frames(samples: Float32Array, count: number, out: Float32Array | Float64Array, stride: number): number {
    const { hop_length: hop, n_fft: n } = this.settings;
    let largest = FLOOR;
    // Two frames are the real and the imaginary part of one transform.
    for (let t = 0; t < count; t += 2) {
      const both = t + 1 < count;
      const [a, b] = [t * hop, (t + 1) * hop];
      for (let k = 0; k < n; k++) {
        this.re[k] = this.window[k] * samples[a + k];
        this.im[k] = both ? this.window[k] * samples[b + k] : 0;
      }
      this.fft(this.re, this.im);
      this.split();
      for (let half = 0; half < (both ? 2 : 1); half++) {
        const power = this.power[half];
        for (let m = 0; m < this.filters.length; m++) {
          const { start, weights } = this.filters[m];
          let sum = 0;
          for (let i = 0; i < weights.length; i++) sum += weights[i] * power[start + i];
          const value = sum > 1e-10 ? Math.log10(sum) : FLOOR;
          if (value > largest) largest = value;
          out[m * stride + t + half] = value;
        }
      }
    }
    return largest;
  }

  /** The powers of both frames. With Z the transform of x + iy: X[k] = (Z[k] + Z*[n-k]) / 2, Y[k] = (Z[k] - Z*[n-k]) / 2i. */
  private split(): void {
    const { re, im } = this;
    const n = re.length;
    const [first, second] = this.power;
    for (let k = 0; k <= n / 2; k++) {
      const opposite = k === 0 ? 0 : n - k;
      const [sumRe, difIm] = [re[k] + re[opposite], im[k] - im[opposite]];
      const [difRe, sumIm] = [re[k] - re[opposite], im[k] + im[opposite]];
      first[k] = (sumRe * sumRe + difIm * difIm) / 4;
      second[k] = (difRe * difRe + sumIm * sumIm) / 4;
    }
  }
}

/** The features of a sound, window by window. */
export interface LogMel {
  /** Frames of the whole sound. */
  readonly frames: number;
  /**
   * (M, T): the frames from `start` on. Beyond the end of the sound the values are 0, as transformers pads windows.
   * @param count T
   */
  window(start: number, count: number): Promise<MelFeatures>;
}

/**
 * @param sound at the sampling rate of the settings
 * @param length samples that the features are made of: the sound is cut, or zeros come after it; by default it is as it is
 * @param onProgress is called with the number of frames whose maximum is known, and may throw to end the work
 */
export async function logMel(
  sound: Sound,
  settings: MelSettings,
  length = sound.length,
  onProgress?: (frames: number) => void,
): Promise<LogMel> {
  const spectrum = new MelSpectrum(settings);
  const { hop_length: hop, n_fft: n, feature_size: mels } = settings;
  const frames = Math.floor(length / hop);
  const filled = Math.min(sound.length, length);
  // From this frame on there is nothing but zeros.
  const silent = Math.min(frames, Math.ceil((filled + n / 2) / hop));

  /** Values before the maximum is known, and their own maximum. */
  const compute = async (start: number, count: number, out: Float32Array, stride: number): Promise<number> => {
    const samples = await reflected(sound, filled, length, start * hop - n / 2, (count - 1) * hop + n);
    return spectrum.frames(samples, count, out, stride);
  };

  let largest = FLOOR;
  const whole = silent <= PIECE ? new Float32Array(mels * silent) : undefined;
  const piece = whole ?? new Float32Array(mels * PIECE);
  for (let start = 0; start < silent; start += PIECE) {
    const count = Math.min(PIECE, silent - start);
    largest = Math.max(largest, await compute(start, count, piece, whole ? silent : PIECE));
    onProgress?.(start + count);
  }
  const least = largest - RANGE;
  const scaled = (value: number): number => ((value > least ? value : least) + 4) / 4;

  return {
    frames,
    async window(start, count) {
      const data = new Float32Array(mels * count);
      const end = Math.min(start + count, frames);
      const heard = Math.max(0, Math.min(end, silent) - start);
      if (heard > 0 && !whole) await compute(start, heard, data, count);
      for (let m = 0; m < mels; m++) {
        const row = m * count;
        for (let t = 0; t < heard; t++) data[row + t] = scaled(whole ? whole[m * silent + start + t] : data[row + t]);
        data.fill(scaled(FLOOR), row + heard, row + Math.max(heard, end - start));
      }
      return { data, shape: [mels, count] };
    },
  };
}

/**
 * The features of one window of the model, of a sound that is not longer: zeros come after it, and a longer one is cut.
 * @param samples mono, at the sampling rate of the settings
 */
export async function windowFeatures(samples: Float32Array, settings: MelSettings): Promise<MelFeatures> {
  const length = settings.chunk_length * settings.sampling_rate;
  const mel = await logMel(soundOf(samples, settings.sampling_rate), settings, length);
  return mel.window(0, mel.frames);
}

/**
 * `count` samples from `start` on, which may lie before the sound or after it: it goes on backwards there, as if in a mirror.
 * @param filled samples of the sound that are read; zeros up to `length`
 */
async function reflected(sound: Sound, filled: number, length: number, start: number, count: number) {
  const end = start + count;
  // A mirror shows what is next to it.
  const from = Math.max(0, Math.min(start, length - (end - length) - 1));
  const to = Math.min(filled, Math.max(end, 1 - start));
  const inside = from < to ? await sound.read(from, to) : new Float32Array();
  const out = new Float32Array(count);
  if (start >= 0 && end <= length) {
    out.set(inside.subarray(start - from));
    return out;
  }
  for (let i = 0; i < count; i++) {
    const at = start + i;
    const mirrored = at < 0 ? -at : at >= length ? 2 * (length - 1) - at : at;
    out[i] = inside[mirrored - from] ?? 0;
  }
  return out;
}
