/**
 * What a step should take on GPUs that are not at hand: a roofline over the counted bytes and operations. A prediction, not a
 * measurement; bench:gpu measures.
 */

import { costOf, fileOf } from "./costs";
import type { Dispatched } from "./dispatches";

export interface Profile {
  name: string;
  /** 10^9 bytes per second, and the part of them that a kernel gets which has enough workgroups. */
  bandwidth: number;
  /** 10^9 floating point operations per second in f32. */
  flops: number;
  /** Microseconds that a dispatch takes at least, and those that the calling thread needs for one. */
  dispatch: number;
  host: number;
  /** Microseconds of a submit and of a read-back, which steps in flight hide. */
  submit: number;
  readback: number;
  /** Workgroups that keep all of it busy. */
  full: number;
}

/** Assumed, until one is measured. */
export const PROFILES: readonly Profile[] = [
  { name: "integrated", bandwidth: 50, flops: 1500, dispatch: 8, host: 4, submit: 250, readback: 2000, full: 32 },
  { name: "Apple M1", bandwidth: 68, flops: 2600, dispatch: 8, host: 4, submit: 250, readback: 2000, full: 32 },
  { name: "Apple M4 Max", bandwidth: 546, flops: 16_000, dispatch: 8, host: 4, submit: 250, readback: 2000, full: 160 },
  { name: "discrete", bandwidth: 900, flops: 40_000, dispatch: 6, host: 4, submit: 250, readback: 2000, full: 256 },
];

/** The part of the bandwidth, and of the operations, that a good kernel gets. */
const OF_BANDWIDTH = 0.6;
const OF_FLOPS = 0.4;

/** Bindings of kernels that walk over the scores of a vocabulary, which costs.ts does not count. */
const SCORES = ["x", "logits", "scores", "maxima", "candidates"];

function bytesOf(dispatched: Dispatched): number {
  const { read } = costOf(dispatched);
  if (read > 0) return read;
  return SCORES.reduce((sum, name) => sum + (dispatched.bytes[name] ?? 0), 0);
}

/** Microseconds of a dispatch on the GPU. */
export function predicted(dispatched: Dispatched, { bandwidth, flops, dispatch, full }: Profile): number {
  const busy = Math.min(1, dispatched.workgroups / full);
  const memory = bytesOf(dispatched) / (1000 * bandwidth * OF_BANDWIDTH * busy);
  const arithmetic = costOf(dispatched).flop / (1000 * flops * OF_FLOPS * busy);
  return Math.max(dispatch, memory, arithmetic);
}

/** Microseconds of a step: of the GPU, or of the calling thread where that takes longer. */
export function predictedStep(step: readonly Dispatched[], profile: Profile): number {
  const gpu = step.reduce((sum, dispatched) => sum + predicted(dispatched, profile), 0);
  return Math.max(gpu, step.length * profile.host);
}

export interface KernelLine {
  kernel: string;
  file: string;
  dispatches: number;
  workgroups: number;
  megabytes: number;
  gigaflop: number;
  /** Microseconds by profile, all dispatches together. */
  us: number[];
}

/** By kernel, in the order in which they come. */
export function kernelLines(step: readonly Dispatched[]): KernelLine[] {
  const lines = new Map<string, KernelLine>();
  for (const dispatched of step) {
    const { name } = dispatched.kernel;
    const key = `${name} ${dispatched.workgroups}`;
    const line = lines.get(key) ?? {
      ...{ kernel: name, file: fileOf(dispatched), dispatches: 0, workgroups: dispatched.workgroups },
      ...{ megabytes: 0, gigaflop: 0, us: PROFILES.map(() => 0) },
    };
    line.dispatches++;
    line.megabytes += bytesOf(dispatched) / 1e6;
    line.gigaflop += costOf(dispatched).flop / 1e9;
    PROFILES.forEach((profile, i) => (line.us[i] += predicted(dispatched, profile)));
    lines.set(key, line);
  }
  return [...lines.values()];
}
