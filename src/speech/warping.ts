/**
 * From the attention of alignment heads to the path through tokens and frames: `_extract_token_timestamps` of transformers, which
 * rounds to float32 at the same places.
 */

/** Attention weights of some heads: (A, N, S), heads, tokens, frames. */
export interface HeadWeights {
  data: ArrayLike<number>;
  shape: readonly number[];
}

/**
 * What dynamic time warping aligns, (N, frames). Each head is normalised over the tokens, (w - mean) / standard deviation, and
 * smoothed over the frames by a median; the result is the mean of the heads.
 * @param weights rows are the generated tokens as inputs
 * @param frames of the encoder that are sound; the others are cut off
 * @param medianWidth odd
 */
export function alignmentMatrix(
  weights: HeadWeights,
  frames: number,
  medianWidth: number,
): { weights: Float32Array; frames: number } {
  const [heads, tokens, stride] = weights.shape;
  // A window that begins after the sound has a negative count, and transformers cuts twice: a negative end counts from the end.
  const cut = (length: number): number => (frames < 0 ? Math.max(0, length + frames) : Math.min(frames, length));
  const width = cut(cut(stride));
  const mean = new Float32Array(tokens * width);
  for (let head = 0; head < heads; head++) {
    const smooth = medianRows(normalised(weights, head, width), tokens, width, medianWidth);
    for (let i = 0; i < mean.length; i++) mean[i] += smooth[i];
  }
  for (let i = 0; i < mean.length; i++) mean[i] /= heads;
  return { weights: mean, frames: width };
}

/** (N, width): column by column, less the mean and divided by the standard deviation. */
function normalised({ data, shape: [, tokens, stride] }: HeadWeights, head: number, width: number): Float32Array {
  const out = new Float32Array(tokens * width);
  const first = head * tokens * stride;
  for (let s = 0; s < width; s++) {
    let sum = 0;
    for (let t = 0; t < tokens; t++) sum += data[first + t * stride + s];
    const mean = sum / tokens;
    let squares = 0;
    for (let t = 0; t < tokens; t++) squares += (data[first + t * stride + s] - mean) ** 2;
    const deviation = Math.fround(Math.sqrt(squares / tokens));
    // Where all tokens are alike this is NaN, as it is there.
    for (let t = 0; t < tokens; t++)
      out[t * width + s] = Math.fround(data[first + t * stride + s] - Math.fround(mean)) / deviation;
  }
  return out;
}

/** The median of `medianWidth` neighbours, mirrored at both ends; rows that are too short for a mirror stay as they are. */
export function medianRows(x: Float32Array, rows: number, width: number, medianWidth: number): Float32Array {
  const reach = medianWidth >> 1;
  if (width <= reach) return x;
  const out = new Float32Array(x.length);
  const near = new Float32Array(medianWidth);
  for (let row = 0; row < rows; row++) {
    for (let s = 0; s < width; s++) {
      for (let k = 0; k < medianWidth; k++) {
        const at = Math.abs(s + k - reach);
        const value = x[row * width + (at < width ? at : 2 * (width - 1) - at)];
        // Into its place among those before it. NaN comes last, as in torch.
        let to = k;
        for (; to > 0 && (near[to - 1] > value || (near[to - 1] !== near[to - 1] && value === value)); to--)
          near[to] = near[to - 1];
        near[to] = value;
      }
      out[row * width + s] = near[reach];
    }
  }
  return out;
}

/** Where the path comes from: the token and the frame before, the token before, the frame before. */
const DIAGONAL = 0;
const UP = 1;
const LEFT = 2;

/**
 * Dynamic time warping: the cheapest path from the first token and frame to the last ones.
 * @param cost (rows, columns)
 * @returns the column in which the path enters each row
 */
export function warp(cost: ArrayLike<number>, rows: number, columns: number): number[] {
  const trace = new Uint8Array((rows + 1) * (columns + 1));
  // One column of sums is enough. Above the first row and left of the first column there is no path.
  let before = new Float32Array(rows + 1).fill(Infinity);
  let sums = new Float32Array(rows + 1);
  before[0] = 0;
  for (let j = 1; j <= columns; j++) {
    sums[0] = Infinity;
    for (let i = 1; i <= rows; i++) {
      const diagonal = before[i - 1];
      const up = sums[i - 1];
      const left = before[i];
      const from = diagonal < up && diagonal < left ? DIAGONAL : up < diagonal && up < left ? UP : LEFT;
      const least = from === DIAGONAL ? diagonal : from === UP ? up : left;
      sums[i] = cost[(i - 1) * columns + j - 1] + least;
      trace[i * (columns + 1) + j] = from;
    }
    [before, sums] = [sums, before];
  }
  const entered = new Array<number>(rows).fill(0);
  for (let [i, j] = [rows, columns]; i > 0 || j > 0;) {
    if (i > 0) entered[i - 1] = Math.max(0, j - 1);
    const step = i === 0 ? LEFT : j === 0 ? UP : trace[i * (columns + 1) + j];
    if (step !== LEFT) i--;
    if (step !== UP) j--;
  }
  return entered;
}
