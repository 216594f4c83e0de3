/**
 * What beam search keeps on the device between steps, and how it lies there. K beams of an item of the batch are K
 * neighbouring rows; R = B * K rows. A step replaces the K prefixes of an item by their best K continuations.
 *
 * No sequence is ever copied. Row r of step p holds one token and the row its prefix came from, so a sequence is a walk
 * along the parents, and a finished hypothesis is a length, a last token and the row to start from.
 */

import { invariant } from "../errors";
import { expectShape, type Tensor } from "../tensor/tensor";
import { candidateCount } from "../util/scores";

export interface BeamState {
  /** K */
  readonly beams: number;
  /** How many end tokens `settings` holds, E; at least 1. */
  readonly endTokens: number;
  /** (R, 1) u32: the newest token of each beam, the next step's input. */
  readonly token: Tensor;
  /** (R) u32: how many tokens the cache holds. */
  readonly position: Tensor;
  /**
   * (2, C, R) u32: the token of row r at position p, its key and its value, are in cache row
   * ancestors[parity][p][r], with parity = position & 1: a step reads one table and writes the other.
   */
  readonly ancestors: Tensor;
  /** (C, 3, R) u32: what the step at position p chose for each row: token, parent row, bits of the running score. */
  readonly trace: Tensor;
  /** (R, HYPOTHESIS) u32: the running score of the row, and the finished hypothesis in this hypothesis of the item, best first. */
  readonly hypotheses: Tensor;
  /** (B) u32: 1 once nothing better can come. */
  readonly done: Tensor;
  /** (SETTINGS + E + C + 1) u32, see {@link beamSettings}. */
  readonly settings: Tensor;
}

/** The fields of `trace`. */
export const TRACE = { token: 0, parent: 1, score: 2 } as const;

/** The fields of a row of `hypotheses`. Floats are there by their bits. */
export const HYPOTHESIS = {
  /** f32: the sum of the log-probabilities of the running beam. */
  running: 0,
  /** f32: the sum of the finished hypothesis, divided by length ** length_penalty. */
  score: 1,
  /** Its number of new tokens; 0 where there is none. */
  length: 2,
  /** The row that held all of it but the last token. */
  parent: 3,
  token: 4,
  /** f32 */
  sum: 5,
} as const;
export const HYPOTHESIS_FIELDS = 6;

/** The fixed fields of `settings`; the E end tokens follow, then length ** length_penalty for lengths 0 .. C (f32). */
export const SETTING = {
  /** The longest sequence, prompt included. */
  maxLength: 0,
  /** Tokens that were given, decoder start token included. */
  promptLength: 1,
  /** 1: an item is done once K hypotheses have ended. */
  stopWhenFull: 2,
  /** The length that a running beam is assumed to reach when it is compared with what has ended; 0: its present one. */
  hopedLength: 3,
} as const;
export const SETTINGS = 4;

/** Stands in the list of end tokens where there is none: no vocabulary reaches it. */
export const NO_TOKEN = 0xffffffff;

/** The kernel ranks so many candidates of an item, and its hypotheses, in workgroup memory. */
export const MAX_CANDIDATES = 256;
export const MAX_BEAMS = 64;

export interface BeamRules {
  maxLength: number;
  promptLength: number;
  eosTokenIds: readonly number[];
  lengthPenalty: number;
  earlyStopping: boolean | "never";
}

/** The contents of `settings` for caches of `capacity` positions. */
export function beamSettings(rules: BeamRules, { endTokens, capacity }: { endTokens: number; capacity: number }) {
  const { maxLength, promptLength, eosTokenIds, lengthPenalty, earlyStopping } = rules;
  invariant(eosTokenIds.length <= endTokens, `beams: ${eosTokenIds.length} end tokens, room for ${endTokens}`);
  invariant(maxLength - promptLength <= capacity, `beams: ${maxLength} tokens do not fit a cache of ${capacity}`);
  const settings = new Uint32Array(SETTINGS + endTokens + capacity + 1);
  settings[SETTING.maxLength] = maxLength;
  settings[SETTING.promptLength] = promptLength;
  settings[SETTING.stopWhenFull] = earlyStopping === true ? 1 : 0;
  settings[SETTING.hopedLength] = earlyStopping === "never" && lengthPenalty > 0 ? maxLength - promptLength : 0;
  settings.fill(NO_TOKEN, SETTINGS, SETTINGS + endTokens);
  settings.set(eosTokenIds, SETTINGS);
  // However far the penalty goes, quotients stay finite.
  const penalties = new Float32Array(settings.buffer, 4 * (SETTINGS + endTokens));
  for (let n = 0; n <= capacity; n++) {
    penalties[n] = Math.min(1e30, Math.max(1e-30, n === 0 ? 1 : n ** lengthPenalty));
  }
  return settings;
}

/** The shape of the candidates (B, N, 2). */
export function candidatesShape(logprobs: Tensor, state: BeamState): number[] {
  const { beams, endTokens, hypotheses } = state;
  expectShape("beamCandidates", "logprobs", logprobs, [hypotheses.shape[0], 1, null]);
  const n = candidateCount(state);
  invariant(beams <= MAX_BEAMS, `beamCandidates: ${beams} beams, at most ${MAX_BEAMS}`);
  invariant(n <= MAX_CANDIDATES, `beamCandidates: ${beams} beams with ${endTokens} end tokens are too many`);
  invariant(n <= beams * logprobs.shape[2], `beamCandidates: a vocabulary of ${logprobs.shape[2]} is too small`);
  return [hypotheses.shape[0] / beams, n, 2];
}

export function beamShape(candidates: Tensor, state: BeamState): void {
  const { beams, endTokens, token, position, ancestors, trace, hypotheses, done, settings } = state;
  const b = candidates.shape[0];
  const rows = b * beams;
  const capacity = trace.shape[0];
  expectShape("advanceBeams", "candidates", candidates, [null, candidateCount(state), 2]);
  expectShape("advanceBeams", "token", token, [rows, 1]);
  expectShape("advanceBeams", "position", position, [rows]);
  expectShape("advanceBeams", "ancestors", ancestors, [2, capacity, rows]);
  expectShape("advanceBeams", "trace", trace, [capacity, 3, rows]);
  expectShape("advanceBeams", "hypotheses", hypotheses, [rows, HYPOTHESIS_FIELDS]);
  expectShape("advanceBeams", "done", done, [b]);
  expectShape("advanceBeams", "settings", settings, [SETTINGS + endTokens + capacity + 1]);
}

/** The shape of the hypotheses walked back (R, 3, C). */
export function backtraceShape({ trace, hypotheses }: BeamState): number[] {
  const [rows] = hypotheses.shape;
  expectShape("backtrace", "hypotheses", hypotheses, [null, HYPOTHESIS_FIELDS]);
  expectShape("backtrace", "trace", trace, [null, 3, rows]);
  return [rows, 3, trace.shape[0]];
}
