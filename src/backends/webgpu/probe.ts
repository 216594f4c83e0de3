/** Which of several variants is the fastest on this device: each does the same work, in turn, for a few milliseconds. */

import { median, type PassTimer, type Work } from "./pass-timer";
import type { Command } from "./plan";

/** GPU time that the probes of a load may take, in milliseconds: all groups of kernels together. */
export const PROBE_MS = 300;
/** A pass: long against what browsers round timestamps to, 0.1 ms. */
const PASS_MS = 2.5;
const ROUNDS = 3;
/** Passes of one submit. */
export const MOST_PASSES = 64;
/** A first guess of how often the work fits in a pass, and a second one where that was over too soon to be timed. */
const REPEATS = [8, 256];
const TOO_SHORT_MS = 0.4;
const MOST_REPEATS = 1024;
/** A variant takes the place of the first, the best guess, only where it needs less than this part of its time. */
const GAIN = 0.93;

/**
 * @param variants what each dispatches; the first is taken where none is clearly faster
 * @param timer its `spent` is what earlier probes took
 * @returns the index of the fastest; undefined where the time is up before that is known
 */
export async function fastest(
  variants: readonly (readonly Command[])[],
  timer: PassTimer,
  limit = PROBE_MS,
): Promise<number | undefined> {
  // The first pass of a pipeline may compile more of it.
  const warm = await timer.passes(variants.map((commands): Work => [commands, 1]));
  let each = warm;
  for (const repeats of REPEATS) {
    const expected = each.reduce((sum, ms) => sum + ms, 0) * repeats;
    if (timer.spent + expected > limit) break;
    const times = await timer.passes(variants.map((commands): Work => [commands, repeats]));
    each = times.map((ms) => ms / repeats);
    if (Math.min(...times) >= TOO_SHORT_MS) break;
  }
  const repeats = each.map((ms) => Math.max(1, Math.min(MOST_REPEATS, Math.ceil(PASS_MS / Math.max(ms, 1e-3)))));
  const round = each.reduce((sum, ms, i) => sum + ms * repeats[i], 0);
  if (timer.spent + ROUNDS * round > limit) return undefined;
  const works = variants.map((commands, i): Work => [commands, repeats[i]]);
  const times = await timer.passes(Array.from({ length: ROUNDS }, () => works).flat());
  const medians = variants.map((_, i) => median(times.filter((_, j) => j % variants.length === i)) / repeats[i]);
  const best = medians.indexOf(Math.min(...medians));
  return medians[best] < GAIN * medians[0] ? best : 0;
}
