/**
 * Mel filters as `mel_filter_bank` of transformers makes them with norm "slaney" and mel_scale "slaney": triangles between
 * neighbours of points that are equally spaced on the mel scale, from 0 to 8000 Hz, each of area 1.
 */

/** The non-zero weights of one filter: of the bins `start` to `start + weights.length - 1`. */
export interface MelFilter {
  start: number;
  weights: Float32Array;
}

/** Slaney's scale: linear below 1000 Hz, logarithmic above. */
const melOf = (hertz: number): number =>
  hertz < 1000 ? (3 * hertz) / 200 : 15 + (Math.log(hertz / 1000) * 27) / Math.log(6.4);
const hertzOf = (mel: number): number =>
  mel < 15 ? (200 * mel) / 3 : 1000 * Math.exp((Math.log(6.4) / 27) * (mel - 15));

const MAX_FREQUENCY = 8000;

/**
 * @param bins number of frequencies, n_fft / 2 + 1, from 0 to half of `sampleRate`
 * @param count number of filters
 */
export function melFilters(bins: number, count: number, sampleRate: number): MelFilter[] {
  const top = melOf(MAX_FREQUENCY);
  const points = Array.from({ length: count + 2 }, (_, i) => hertzOf((top * i) / (count + 1)));
  const frequencies = Array.from({ length: bins }, (_, i) => (i * sampleRate) / 2 / (bins - 1));
  return Array.from({ length: count }, (_, i) => {
    const [low, peak, high] = points.slice(i, i + 3);
    const area = 2 / (high - low);
    const weights = frequencies.map(
      (f) => area * Math.max(0, Math.min((f - low) / (peak - low), (high - f) / (high - peak))),
    );
    const start = Math.max(
      0,
      weights.findIndex((weight) => weight > 0),
    );
    const end = weights.findLastIndex((weight) => weight > 0) + 1;
    return { start, weights: Float32Array.from(weights.slice(start, end)) };
  });
}
