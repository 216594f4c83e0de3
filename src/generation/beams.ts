/** Beam search, seen from JavaScript: makes the state on the device, starts it, and reads the result once at the end. */

import {
  beamSettings,
  LEAST,
  SETTINGS,
  SLOT,
  SLOT_FIELDS,
  TRACE,
  UNLIKELY,
  type BeamRules,
  type BeamState,
} from "../beams";
import type { Ops } from "../ops";
import { size, type Tensor } from "../tensor";

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
  const floats = new Float32Array(slots.buffer);
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
  /** The log-probability of each token, as the processors left it. */
  logprobs: number[];
  /** The row that each token continued (`beam_indices` of Hugging Face). */
  parents: number[];
  /** The sum of the log-probabilities divided by length ** length_penalty (`sequences_scores`). */
  score: number;
}

/** The hypotheses of each item, best first, after `steps` steps. One read-back. */
export async function readBeams(ops: Ops, state: BeamState, steps: number): Promise<Hypothesis[][]> {
  const rows = state.slots.shape[0];
  const [slots, trace] = (await ops.submit(
    [],
    [
      { tensor: state.slots, start: 0, count: size(state.slots.shape) },
      { tensor: state.trace, start: 0, count: steps * 3 * rows },
    ],
  )) as Uint32Array[];
  const items = rows / state.beams;
  return Array.from({ length: items }, (_, item) =>
    Array.from({ length: state.beams }, (_, k) => hypothesis(slots, trace, rows, item * state.beams + k)),
  );
}

/** Walks the parents from the end to the start. */
function hypothesis(slots: Uint32Array, trace: Uint32Array, rows: number, slot: number): Hypothesis {
  const field = slots.subarray(slot * SLOT_FIELDS, (slot + 1) * SLOT_FIELDS);
  const slotFloats = new Float32Array(slots.buffer, slots.byteOffset + 4 * slot * SLOT_FIELDS, SLOT_FIELDS);
  const scores = new Float32Array(trace.buffer, trace.byteOffset, trace.length);
  const length = field[SLOT.length];
  const [tokens, logprobs, parents] = [new Array<number>(length), new Array<number>(length), new Array<number>(length)];
  let [token, parent, sum] = [field[SLOT.token], field[SLOT.parent], slotFloats[SLOT.sum]];
  for (let i = length - 1; i >= 0; i--) {
    const at = (what: number): number => (3 * (i - 1) + what) * rows + parent;
    const before = i === 0 ? 0 : scores[at(TRACE.score)];
    [tokens[i], parents[i], logprobs[i]] = [token, parent, sum - before];
    if (i > 0) [token, sum, parent] = [trace[at(TRACE.token)], before, trace[at(TRACE.parent)]];
  }
  return { tokens, logprobs, parents, score: slotFloats[SLOT.score] };
}
