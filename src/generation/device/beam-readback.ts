/** Makes the state of a beam search on the device, starts it, and reads its hypotheses once at the end. */

import {
  beamSettings,
  SETTINGS,
  HYPOTHESIS,
  HYPOTHESIS_FIELDS,
  TRACE,
  TRACE_FIELDS,
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
    trace: u32(capacity, TRACE_FIELDS, rows),
    hypotheses: u32(rows, HYPOTHESIS_FIELDS),
    done: u32(sentences),
    settings: u32(SETTINGS + Math.max(1, endTokens) + capacity + 1),
  };
}

export function beamTensors(state: BeamState): Tensor[] {
  const { token, position, ancestors, trace, hypotheses, done, settings } = state;
  return [token, position, ancestors, trace, hypotheses, done, settings];
}

/** Writes the rules of a search, for all its sentences. */
export function startBeams(ops: Ops, state: BeamState, rules: BeamRules): void {
  ops.write(state.settings, beamSettings(rules, { endTokens: state.endTokens, capacity: state.trace.shape[0] }));
}

/**
 * Starts a sentence at the last token of its prompt; the caches hold the tokens before it. At first only one beam of the
 * sentence counts: all beams start from the same tokens, so the scores of the others rule them out for one step.
 * @param done marks the slot as done, if it has no sentence
 */
export function startSentence(ops: Ops, state: BeamState, prompt: readonly number[], slot: number, done = false): void {
  const { beams, ancestors, trace } = state;
  const [capacity, fields, rows] = trace.shape;
  const first = slot * beams;
  const last = prompt.length - 1;
  const hypotheses = new Uint32Array(beams * HYPOTHESIS_FIELDS);
  const floats = asFloats(hypotheses);
  for (let beam = 0; beam < beams; beam++) {
    floats[beam * HYPOTHESIS_FIELDS + HYPOTHESIS.running] = beam === 0 ? 0 : UNLIKELY;
    floats[beam * HYPOTHESIS_FIELDS + HYPOTHESIS.score] = UNLIKELY;
    floats[beam * HYPOTHESIS_FIELDS + HYPOTHESIS.sum] = LEAST;
  }
  ops.write(state.hypotheses, hypotheses, first * HYPOTHESIS_FIELDS);
  // Of the prompt every row is its own ancestor. The logits processors read its tokens as if they had been chosen.
  const own = Uint32Array.from({ length: beams }, (_, beam) => first + beam);
  for (let i = 0; i <= last; i++) ops.write(ancestors, own, ((last % 2) * capacity + i) * rows + first);
  const repeated = (token: number): Uint32Array => new Uint32Array(beams).fill(token);
  for (let i = 0; i < last; i++) {
    ops.write(trace, repeated(prompt[i + 1]), (fields * i + TRACE.token) * rows + first);
  }
  ops.write(state.token, repeated(prompt[last]), first);
  ops.write(state.position, repeated(last), first);
  ops.write(state.done, Uint32Array.of(done ? 1 : 0), slot);
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
      start: (TRACE_FIELDS * hypothesis + TRACE[name]) * capacity,
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
