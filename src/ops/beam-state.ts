/**
 * What beam search keeps on the device between steps, and how it lies there. The G beams of a sentence are G neighbouring
 * rows, so B rows are B / G sentences. A step replaces the G prefixes of a sentence by their best G continuations.
 *
 * No sequence is ever copied. Row b of step p holds one token and the row its prefix came from, so a sequence is a walk
 * along the parents, and a finished hypothesis is a length, a last token and the row to start from.
 *
 * The kernels know every field by the name that it has here: `HYPOTHESIS.score` is HYPOTHESIS_SCORE there.
 */

import { invariant } from "../errors";
import type { Tensor } from "../tensor/tensor";

export interface BeamState {
  /** G */
  readonly beams: number;
  /** E, how many end tokens `settings` holds; at least 1. */
  readonly endTokens: number;
  /** (B, 1) u32: the newest token of each beam, the next step's input. */
  readonly token: Tensor;
  /** (B) u32: how many tokens the cache holds. */
  readonly position: Tensor;
  /**
   * (2, C, B) u32: the token of row b at position p, its key and its value, are in cache row
   * ancestors[parity][p][b], with parity = position & 1: a step reads one table and writes the other.
   */
  readonly ancestors: Tensor;
  /** (C, TRACE_FIELDS, B) u32: what the step at position p chose for each row, see {@link TRACE}. */
  readonly trace: Tensor;
  /**
   * (B, HYPOTHESIS_FIELDS) u32, see {@link HYPOTHESIS}: the running score of the row, and one finished hypothesis of the
   * sentence. The G rows of a sentence hold its G best, best first.
   */
  readonly hypotheses: Tensor;
  /** (B / G) u32: 1 once nothing better can come. */
  readonly done: Tensor;
  /** (SETTINGS + E + C + 1) u32, see {@link beamSettings}. */
  readonly settings: Tensor;
}

/** The fields of `trace`: the token, the row of its prefix, the bits (f32) of the running score with it. */
export const TRACE = { token: 0, parent: 1, score: 2 } as const;
export const TRACE_FIELDS = 3;

/** The fields of a row of `hypotheses`. Floats are there by their bits. */
export const HYPOTHESIS = {
  /** f32: the sum of the log-probabilities of the running beam. */
  running: 0,
  /** f32: the sum of the finished hypothesis, divided by length ** length_penalty. */
  score: 1,
  /** Its number of new tokens; 0 marks an empty entry. */
  length: 2,
  /** The row that held all of it but the last token. */
  parent: 3,
  /** The last token. */
  token: 4,
  /** f32: the sum of its log-probabilities. */
  sum: 5,
} as const;
export const HYPOTHESIS_FIELDS = 6;

/** The fixed fields of `settings`; the E end tokens follow, then length ** length_penalty for lengths 0 .. C (f32). */
export const SETTING = {
  /** The longest sequence, prompt included. */
  maxLength: 0,
  /** Tokens that were given, decoder start token included. */
  promptLength: 1,
  /** 1: a sentence is done once G hypotheses have ended. */
  stopWhenFull: 2,
  /** The length that a running beam is assumed to reach when it is compared with what has ended; 0: its present one. */
  hopedLength: 3,
} as const;
export const SETTINGS = 4;

/** Fills the list of end tokens where there are fewer: no vocabulary reaches it. */
export const NO_TOKEN = 0xffffffff;

/** At most so many candidates and beams of a sentence: the kernel ranks them in workgroup memory. */
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
  // Limited, so that quotients stay finite for any length penalty.
  const penalties = new Float32Array(settings.buffer, 4 * (SETTINGS + endTokens));
  for (let n = 0; n <= capacity; n++) {
    penalties[n] = Math.min(1e30, Math.max(1e-30, n === 0 ? 1 : n ** lengthPenalty));
  }
  return settings;
}
