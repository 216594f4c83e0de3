/** The state of a beam search on the device: makes it, starts it, and reads the result once at the end. */

import { beamSettings, SETTINGS, SLOT, SLOT_FIELDS, TRACE, type BeamRules, type BeamState } from "../../ops/beam-state";
import { LEAST, UNLIKELY } from "../../util/scores";
import type { Ops, Plan, Slice } from "../../ops/ops";
import { asFloats, type Tensor } from "../../tensor/tensor";

export interface BeamSizes {
  items: number;
  beams: number;
  /** Room for so many end tokens; more room costs candidates. */
  endTokens: number;
  /** Positions of the caches. */
  capacity: number;
}

export function createBeams(ops: Ops, { items, beams, endTokens, capacity }: BeamSizes): BeamState {
  const rows = items * beams;
  const u32 = (...shape: number[]): Tensor => ops.create(shape, "u32", "activations");
  return {
    beams,
    endTokens: Math.max(1, endTokens),
    token: u32(rows, 1),
    position: u32(rows),
    ancestors: u32(2, capacity, rows),
    trace: u32(capacity, 3, rows),
    slots: u32(rows, SLOT_FIELDS),
    done: u32(items),
    settings: u32(SETTINGS + Math.max(1, endTokens) + capacity + 1),
  };
}

export function beamTensors(state: BeamState): Tensor[] {
  const { token, position, ancestors, trace, slots, done, settings } = state;
  return [token, position, ancestors, trace, slots, done, settings];
}

export type StartRules = Omit<BeamRules, "promptLength"> & { startTokenId: number };

/** Starts every item. */
export function startBeams(ops: Ops, state: BeamState, { startTokenId, ...rules }: StartRules): void {
  const sizes = { endTokens: state.endTokens, capacity: state.trace.shape[0] };
  ops.write(state.settings, beamSettings({ ...rules, promptLength: 1 }, sizes));
  startItems(ops, state, startTokenId, 0, state.done.shape[0]);
}

/**
 * Starts `count` items from `first` on, and leaves the others alone. One beam an item at first: the others start from
 * the same token, so their scores rule them out for a step.
 * @param done stay where they are: for places that hold nothing
 */
export function startItems(
  ops: Ops,
  state: BeamState,
  startTokenId: number,
  first: number,
  count: number,
  done = false,
): void {
  const [from, rows] = [first * state.beams, count * state.beams];
  const slots = new Uint32Array(rows * SLOT_FIELDS);
  const floats = asFloats(slots);
  for (let row = 0; row < rows; row++) {
    floats[row * SLOT_FIELDS + SLOT.running] = row % state.beams === 0 ? 0 : UNLIKELY;
    floats[row * SLOT_FIELDS + SLOT.score] = UNLIKELY;
    floats[row * SLOT_FIELDS + SLOT.sum] = LEAST;
  }
  ops.write(state.slots, slots, from * SLOT_FIELDS);
  ops.write(state.token, new Uint32Array(rows).fill(startTokenId), from);
  ops.write(state.position, new Uint32Array(rows), from);
  // At the first position every row is its own ancestor.
  const own = Uint32Array.from({ length: rows }, (_, row) => from + row);
  ops.write(state.ancestors, own, from);
  ops.write(state.done, new Uint32Array(count).fill(done ? 1 : 0), first);
}

/** A finished sequence. */
export interface Hypothesis {
  /** New tokens, without the decoder start token; none where fewer than K sequences ended. */
  tokens: number[];
  /** The log-probability of each token, as the processors left it; none unless `read` asks for them. */
  logprobs: number[];
  /** The row that each token continued (`beam_indices` of Hugging Face); none unless `read` asks for them. */
  parents: number[];
  /** The sum of the log-probabilities divided by length ** length_penalty (`sequences_scores`). */
  score: number;
}

export interface BeamReading {
  items: readonly number[];
  /** How many hypotheses of each. */
  count: number;
  /** Steps that the search took. */
  steps: number;
  read: readonly (keyof typeof TRACE)[];
}

/**
 * The best hypotheses of each item, best first, in one submit and one read-back.
 * @param walked records `walkBack` of the state
 */
export async function readBeams(
  ops: Ops,
  { beams, slots }: BeamState,
  walked: Plan<Tensor>,
  { items, count, steps, read }: BeamReading,
): Promise<Hypothesis[][]> {
  const capacity = walked.outputs.shape[2];
  const found = items.flatMap((item) => Array.from({ length: count }, (_, k) => item * beams + k));
  const slices = found.flatMap((slot): Slice[] => [
    { tensor: slots, start: slot * SLOT_FIELDS, count: SLOT_FIELDS },
    ...read.map((name) => ({
      tensor: walked.outputs,
      start: (3 * slot + TRACE[name]) * capacity,
      count: Math.min(steps, capacity),
    })),
  ]);
  const data = (await ops.submit([walked], slices)) as Uint32Array[];
  const hypotheses = found.map((_, i): Hypothesis => {
    const [slot, ...fields] = data.slice(i * (1 + read.length));
    const field = (name: keyof typeof TRACE): Uint32Array =>
      fields[read.indexOf(name)]?.subarray(0, slot[SLOT.length]) ?? new Uint32Array();
    return {
      tokens: Array.from(field("token")),
      parents: Array.from(field("parent")),
      logprobs: Array.from(asFloats(field("score"))),
      score: asFloats(slot)[SLOT.score],
    };
  });
  return items.map((_, i) => hypotheses.slice(i * count, (i + 1) * count));
}
