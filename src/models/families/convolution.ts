/** Convolutions over time, as checkpoints have them. */

import type { Linear } from "../layers";
import type { Parameters } from "../parameters";

/** (N, C, k) in the checkpoint, (N, k, C) on the device, where the frames of a window are neighbours. */
export function convolution(
  p: Parameters,
  name: string,
  [outer, channels, kernel]: readonly [number, number, number],
): Linear {
  const arrange = (row: Float32Array): Float32Array =>
    row.map((_, i) => row[(i % channels) * kernel + Math.floor(i / channels)]);
  return {
    weight: p.arranged(`${name}.weight`, [outer, channels, kernel], [outer, kernel, channels], arrange),
    bias: p.tensor(`${name}.bias`, [outer]),
  };
}
