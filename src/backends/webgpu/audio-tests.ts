/** What the self-test computes with the kernels of audio.ts. There is one variant of each. */

import { timestampWords } from "../../ops/audio";
import type { ConvolutionOptions } from "../../ops/audio";
import type { Group, Samples, SelfTest } from "./self-test";

/** Sizes that are no multiple of a tile. `gelu` and positions as in Whisper. */
function convolution(samples: Samples, frames: number, stride: number) {
  const [channels, columns, kernel] = [20, 37, 3];
  const [x, w] = [samples.floats(2, frames, channels), samples.floats(columns, kernel, channels)];
  const positions = samples.floats(frames, columns);
  const padding = [1, 1] as const;
  const options: ConvolutionOptions = { bias: samples.floats(columns), stride, padding, activation: "gelu", positions };
  return { x, w, options };
}

const convolve =
  (stride: number): SelfTest =>
  (samples) => {
    const { x, w, options } = convolution(samples, 21, stride);
    return () => [samples.ops.convolve(x, w, options)];
  };

/** Rows that end with a text, and with a stamp that opens one. */
const timestamps: SelfTest = (samples) => {
  const rules = timestampWords({ begin: 1, first: 59, noTimestamps: 58, endToken: 50, lastInitial: 60 });
  const scores = samples.floats(2, 1, 61);
  const state = {
    rules: samples.words([rules.length], (i) => rules[i]),
    position: samples.words([2], () => 2),
    history: samples.words([4, 2], (i) => [59, 5, 7, 59][i] ?? 0),
  };
  return () => {
    samples.ops.timestampRules(scores, state);
    return [scores];
  };
};

/** What Moonshine does with samples. */
const evened: SelfTest = (samples) => {
  const [x, positions] = [samples.floats(2, 37, 20), samples.floats(40, 20)];
  const [scale, lengths] = [samples.floats(1), samples.words([2], (i) => 38 - 9 * i)];
  const norm = samples.norm(20);
  return () => [
    samples.ops.groupNorm(x, norm, { lengths, less: 1 }),
    samples.ops.compressFrames(x, scale, 1e-6),
    samples.ops.addPositions(x, positions),
  ];
};

/** Rotary positions, in heads of an even and of an odd width, and windows of attention. */
const turned: SelfTest = (samples) => {
  const sizes = [4, 9].map((head) => {
    const width = 2 * head;
    return { x: samples.floats(1, 21, 44), w: samples.matrix(3 * width, 44), bias: samples.floats(3 * width) };
  });
  const rotary = { table: samples.floats(21, 4), heads: 2 };
  return () =>
    sizes.flatMap(({ x, w, bias }) => {
      const { query, cache } = samples.ops.projectQueryKeyValue(x, w, { bias, rotary });
      return [query, cache, samples.ops.attention(query, cache, { heads: 2, window: [5, 2] })];
    });
};

export const groups: readonly Group[] = [
  {
    name: "sound",
    fields: [],
    variants: [{ name: "only", tuning: {} }],
    work(samples) {
      const { x, w, options } = convolution(samples, 64, 1);
      return (ops) => [ops.convolve(x, w, options)];
    },
    tests: [
      { name: "a convolution", test: convolve(1) },
      { name: "a convolution with a stride", test: convolve(2) },
      { name: "the rules of timestamps", test: timestamps },
      { name: "samples of even loudness", test: evened },
      { name: "rotary positions", test: turned },
    ],
  },
];
