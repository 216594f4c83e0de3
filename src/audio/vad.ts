/**
 * Voice activity detection by Silero's network (version 6.2, 16 kHz; github.com/snakers4/silero-vad): how probable speech is,
 * for each 32 ms of sound. It is small enough for plain loops.
 */

import { ModelError } from "../errors";
import type { Sound } from "./sound";

/** Samples of a frame at 16 kHz. */
export const VAD_FRAME = 512;
/** Samples of the frame before that are read with each frame. */
const CONTEXT = 64;
/** Window and step of the spectrum, whose right end is reflected. */
const [WINDOW, HOP, COLUMNS, BINS] = [256, 128, 4, 129];
const HIDDEN = 128;

/** The shapes of the weights. */
const SHAPES: Readonly<Record<string, readonly number[]>> = {
  "stft_conv.weight": [2 * BINS, 1, WINDOW],
  "conv1.weight": [128, BINS, 3],
  "conv1.bias": [128],
  "conv2.weight": [64, 128, 3],
  "conv2.bias": [64],
  "conv3.weight": [64, 64, 3],
  "conv3.bias": [64],
  "conv4.weight": [128, 64, 3],
  "conv4.bias": [128],
  "lstm_cell.weight_ih": [4 * HIDDEN, HIDDEN],
  "lstm_cell.weight_hh": [4 * HIDDEN, HIDDEN],
  "lstm_cell.bias_ih": [4 * HIDDEN],
  "lstm_cell.bias_hh": [4 * HIDDEN],
  "final_conv.weight": [1, HIDDEN, 1],
  "final_conv.bias": [1],
};

export type VadWeights = ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

/** @throws ModelError `missing_tensor`, `wrong_shape` */
export function checkVadWeights(weights: VadWeights): VadWeights {
  for (const [name, shape] of Object.entries(SHAPES)) {
    const tensor = weights.get(name);
    if (!tensor) throw new ModelError("missing_tensor", `The voice detector lacks the tensor ${name}.`);
    if (tensor.shape.join() === shape.join()) continue;
    const shapes = `(${tensor.shape.join(", ")}), but must be (${shape.join(", ")})`;
    throw new ModelError("wrong_shape", `The voice detector's tensor ${name} is ${shapes}.`);
  }
  return weights;
}

/** Goes through a sound frame by frame; each frame's result depends on those before. */
export class VoiceDetector {
  private readonly input = new Float32Array(CONTEXT + VAD_FRAME + CONTEXT);
  private hidden = new Float64Array(HIDDEN);
  private cell = new Float64Array(HIDDEN);

  constructor(private readonly weights: VadWeights) {}

  /**
   * The probability that there is speech in this frame.
   * @param samples of 16 kHz, at most 512 (a shorter last frame is filled up with zeros)
   */
  push(samples: Float32Array): number {
    const { input } = this;
    input.copyWithin(0, VAD_FRAME, VAD_FRAME + CONTEXT);
    input.fill(0, CONTEXT);
    input.set(samples, CONTEXT);
    const end = CONTEXT + VAD_FRAME;
    for (let i = 0; i < CONTEXT; i++) input[end + i] = input[end - 2 - i];
    let x = this.spectrum();
    [1, 2, 2, 1].forEach((stride, i) => (x = this.convolve(`conv${i + 1}`, x, stride)));
    this.remember(x.data);
    let logit = this.data("final_conv.bias")[0];
    const last = this.data("final_conv.weight");
    for (let i = 0; i < HIDDEN; i++) logit += last[i] * Math.max(0, this.hidden[i]);
    return 1 / (1 + Math.exp(-logit));
  }

  private data(name: string): Float32Array {
    return this.weights.get(name)!.data;
  }

  /** Magnitudes, (129, 4). */
  private spectrum(): Columns {
    const basis = this.data("stft_conv.weight");
    const data = new Float64Array(BINS * COLUMNS);
    for (let bin = 0; bin < BINS; bin++) {
      for (let t = 0; t < COLUMNS; t++) {
        let [re, im] = [0, 0];
        for (let k = 0; k < WINDOW; k++) {
          const sample = this.input[t * HOP + k];
          re += basis[bin * WINDOW + k] * sample;
          im += basis[(bin + BINS) * WINDOW + k] * sample;
        }
        data[bin * COLUMNS + t] = Math.sqrt(re * re + im * im);
      }
    }
    return { data, length: COLUMNS };
  }

  /** Kernel 3, a zero at both ends, then ReLU: (in, T) -> (out, T / stride). */
  private convolve(name: string, { data, length }: Columns, stride: number): Columns {
    const weight = this.data(`${name}.weight`);
    const bias = this.data(`${name}.bias`);
    const channels = data.length / length;
    const columns = Math.floor((length - 1) / stride) + 1;
    const out = new Float64Array(bias.length * columns);
    for (let o = 0; o < bias.length; o++) {
      for (let t = 0; t < columns; t++) {
        let sum = bias[o];
        const first = t * stride - 1;
        for (let k = Math.max(0, -first); k < 3 && first + k < length; k++)
          for (let c = 0; c < channels; c++) sum += weight[(o * channels + c) * 3 + k] * data[c * length + first + k];
        out[o * columns + t] = Math.max(0, sum);
      }
    }
    return { data: out, length: columns };
  }

  /** PyTorch's LSTMCell: gates i, f, g, o. */
  private remember(x: Float64Array): void {
    const [wx, wh] = [this.data("lstm_cell.weight_ih"), this.data("lstm_cell.weight_hh")];
    const [bx, bh] = [this.data("lstm_cell.bias_ih"), this.data("lstm_cell.bias_hh")];
    const gates = new Float64Array(4 * HIDDEN);
    for (let g = 0; g < gates.length; g++) {
      let sum = bx[g] + bh[g];
      for (let i = 0; i < HIDDEN; i++) sum += wx[g * HIDDEN + i] * x[i] + wh[g * HIDDEN + i] * this.hidden[i];
      gates[g] = sum;
    }
    const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));
    for (let i = 0; i < HIDDEN; i++) {
      const [input, forget] = [sigmoid(gates[i]), sigmoid(gates[HIDDEN + i])];
      this.cell[i] = forget * this.cell[i] + input * Math.tanh(gates[2 * HIDDEN + i]);
      this.hidden[i] = sigmoid(gates[3 * HIDDEN + i]) * Math.tanh(this.cell[i]);
    }
  }
}

/** Channel by channel. */
interface Columns {
  data: Float64Array;
  length: number;
}

/** Samples that are read from a sound at a time. */
const PIECE = 512 * VAD_FRAME;

/**
 * The probability of speech for each frame of a sound at 16 kHz.
 * @param onProgress is called with the number of samples that are done, and may throw to end the work
 */
export async function speechProbabilities(
  weights: VadWeights,
  sound: Sound,
  onProgress?: (samples: number) => void,
): Promise<Float32Array> {
  const detector = new VoiceDetector(weights);
  const out = new Float32Array(Math.ceil(sound.length / VAD_FRAME));
  for (let start = 0; start < sound.length; start += PIECE) {
    const samples = await sound.read(start, Math.min(sound.length, start + PIECE));
    for (let at = 0; at < samples.length; at += VAD_FRAME)
      out[(start + at) / VAD_FRAME] = detector.push(samples.subarray(at, at + VAD_FRAME));
    onProgress?.(start + samples.length);
  }
  return out;
}
