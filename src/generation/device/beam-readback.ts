/** The state of a beam search on the device: makes it, starts it, and reads the result once at the end. */

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
  /** Room for so many end tokens; more room costs candidates. */
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

/** Starts every sentence. */
export function startBeams(ops: Ops, state: BeamState, { startTokenId, ...rules }: BeamStart): void {
  const sizes = { endTokens: state.endTokens, capacity: state.trace.shape[0] };
  ops.write(state.settings, beamSettings({ ...rules, promptLength: 1 }, sizes));
  startSentences(ops, state, startTokenId, 0, state.done.shape[0]);
}

/**
 * Starts `count` sentences from `first` on, and leaves the others alone. One beam an sentence at first: the others start from
 * the same token, so their scores rule them out for a step.
 * @param done stay where they are: for places that hold nothing
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

/** A finished sequence. */
export interface DeviceHypothesis {
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
  sentences: readonly number[];
  /** How many hypotheses of each. */
  count: number;
  /** Steps that the search took. */
  steps: number;
  read: readonly (keyof typeof TRACE)[];
}

/**
 * The best hypotheses of each sentence, best first, in one submit and one read-back.
 * @param backtrace records `backtrace` of the state
 */
export async function readBeams(
  ops: Ops,
  { beams, hypotheses }: BeamState,
  backtrace: Plan<Tensor>,
  { sentences, count, steps, read }: BeamReading,
): Promise<DeviceHypothesis[][]> {
  const capacity = backtrace.outputs.shape[2];
  const found = sentences.flatMap((sentence) => Array.from({ length: count }, (_, k) => sentence * beams + k));
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
  return sentences.map((_, i) => results.slice(i * count, (i + 1) * count));
}
