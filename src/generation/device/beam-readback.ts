/** Makes the state of a beam search on the device, starts it, and reads its hypotheses once at the end. */

import {
  beamSettings,
  SETTINGS,
  HYPOTHESIS,
  HYPOTHESIS_FIELDS,
  TRACE,
  type BeamRules,
  type BeamState,
} from "../../ops/beam-state";
import { LEAST, UNLIKELY } from "../../util/scores";
import type { Ops, Plan, Slice } from "../../ops/ops";
import { asFloats, type Tensor } from "../../tensor/tensor";

export interface BeamSizes {
  sentences: number;
  beams: number;
  /** How many end tokens fit. More room costs more candidates per step. */
  endTokens: number;
  /** Positions of the caches. */
  capacity: number;
}

export function createBeams(ops: Ops, { sentences, beams, endTokens, capacity }: BeamSizes): BeamState {
  const rows = sentences * beams;
  const u32 = (...shape: number[]): Tensor => ops.create(shape, "u32", "activations");
  return {
    beams,
    endTokens: Math.max(1, endTokens),
    token: u32(rows, 1),
    position: u32(rows),
    ancestors: u32(2, capacity, rows),
    trace: u32(capacity, 3, rows),
    hypotheses: u32(rows, HYPOTHESIS_FIELDS),
    done: u32(sentences),
    settings: u32(SETTINGS + Math.max(1, endTokens) + capacity + 1),
  };
}

export function beamTensors(state: BeamState): Tensor[] {
  const { token, position, ancestors, trace, hypotheses, done, settings } = state;
  return [token, position, ancestors, trace, hypotheses, done, settings];
}

export type BeamStart = Omit<BeamRules, "promptLength"> & { startTokenId: number };

/** Starts a sentence in every slot. */
export function startBeams(ops: Ops, state: BeamState, { startTokenId, ...rules }: BeamStart): void {
  const sizes = { endTokens: state.endTokens, capacity: state.trace.shape[0] };
  ops.write(state.settings, beamSettings({ ...rules, promptLength: 1 }, sizes));
  startSentences(ops, state, startTokenId, 0, state.done.shape[0]);
}

/**
 * Starts the sentences in `count` slots from slot `first` on; the other slots stay as they are. At first only one beam per
 * sentence counts: all beams start from the same token, so the scores of the others rule them out for one step.
 * @param done marks the slots as done, for slots without a sentence
 */
export function startSentences(
  ops: Ops,
  state: BeamState,
  startTokenId: number,
  first: number,
  count: number,
  done = false,
): void {
  const [from, rows] = [first * state.beams, count * state.beams];
  const hypotheses = new Uint32Array(rows * HYPOTHESIS_FIELDS);
  const floats = asFloats(hypotheses);
  for (let row = 0; row < rows; row++) {
    floats[row * HYPOTHESIS_FIELDS + HYPOTHESIS.running] = row % state.beams === 0 ? 0 : UNLIKELY;
    floats[row * HYPOTHESIS_FIELDS + HYPOTHESIS.score] = UNLIKELY;
    floats[row * HYPOTHESIS_FIELDS + HYPOTHESIS.sum] = LEAST;
  }
  ops.write(state.hypotheses, hypotheses, from * HYPOTHESIS_FIELDS);
  ops.write(state.token, new Uint32Array(rows).fill(startTokenId), from);
  ops.write(state.position, new Uint32Array(rows), from);
  // At the first position every row is its own ancestor.
  const own = Uint32Array.from({ length: rows }, (_, row) => from + row);
  ops.write(state.ancestors, own, from);
  ops.write(state.done, new Uint32Array(count).fill(done ? 1 : 0), first);
}

/** A hypothesis as it is read from the device. */
export interface DeviceHypothesis {
  /** New tokens, without the decoder start token. Empty if fewer hypotheses ended than were asked for. */
  tokens: number[];
  /** The log-probability of each token after the logits processors. Empty unless `read` has "score". */
  logprobs: number[];
  /** The row that each token continued (`beam_indices` of Hugging Face). Empty unless `read` has "parent". */
  parents: number[];
  /** The sum of the log-probabilities divided by length ** length_penalty (`sequences_scores`). */
  score: number;
}

export interface BeamReading {
  /** Whose hypotheses to read. */
  slots: readonly number[];
  /** Hypotheses per slot. */
  count: number;
  /** Steps that the search took. */
  steps: number;
  read: readonly (keyof typeof TRACE)[];
}

/**
 * The hypotheses of each slot, best first, in one submit and one read-back.
 * @param backtrace the recorded `ops.backtrace(state)`
 */
export async function readBeams(
  ops: Ops,
  { beams, hypotheses }: BeamState,
  backtrace: Plan<Tensor>,
  { slots, count, steps, read }: BeamReading,
): Promise<DeviceHypothesis[][]> {
  const capacity = backtrace.outputs.shape[2];
  const found = slots.flatMap((slot) => Array.from({ length: count }, (_, k) => slot * beams + k));
  const slices = found.flatMap((hypothesis): Slice[] => [
    { tensor: hypotheses, start: hypothesis * HYPOTHESIS_FIELDS, count: HYPOTHESIS_FIELDS },
    ...read.map((name) => ({
      tensor: backtrace.outputs,
      start: (3 * hypothesis + TRACE[name]) * capacity,
      count: Math.min(steps, capacity),
    })),
  ]);
  const data = (await ops.submit([backtrace], slices)) as Uint32Array[];
  const results = found.map((_, i): DeviceHypothesis => {
    const [hypothesis, ...fields] = data.slice(i * (1 + read.length));
    const field = (name: keyof typeof TRACE): Uint32Array =>
      fields[read.indexOf(name)]?.subarray(0, hypothesis[HYPOTHESIS.length]) ?? new Uint32Array();
    return {
      tokens: Array.from(field("token")),
      parents: Array.from(field("parent")),
      logprobs: Array.from(asFloats(field("score"))),
      score: asFloats(hypothesis)[HYPOTHESIS.score],
    };
  });
  return slots.map((_, i) => results.slice(i * count, (i + 1) * count));
}
