/** One step of beam search, and the way back from its end. The state is described in beam-state.ts. */

import { invariant } from "../errors";
import type { Tensor } from "../tensor/tensor";
import { candidateCount } from "../util/scores";
import { HYPOTHESIS_FIELDS, MAX_BEAMS, MAX_CANDIDATES, SETTINGS, TRACE_FIELDS, type BeamState } from "./beam-state";
import { expectShape, result } from "./contract";

export const beams = {
  /**
   * The best continuations of each sentence: log-probabilities (B, 1, V) plus the running scores of `state` ->
   * (B / G, J, 2) u32, bits of the sum and beam * V + token, ordered as `topK` does.
   */
  beamCandidates(logprobs: Tensor, state: BeamState) {
    const { beams, endTokens, hypotheses } = state;
    const [rows] = hypotheses.shape;
    expectShape("beamCandidates", "logprobs", logprobs, [rows, 1, null]);
    const count = candidateCount(state);
    const vocabSize = logprobs.shape[2];
    invariant(beams <= MAX_BEAMS, `beamCandidates: ${beams} beams, at most ${MAX_BEAMS}`);
    invariant(count <= MAX_CANDIDATES, `beamCandidates: ${beams} beams with ${endTokens} end tokens are too many`);
    invariant(count <= beams * vocabSize, `beamCandidates: a vocabulary of ${vocabSize} is too small`);
    return result([rows / beams, count, 2], "u32");
  },

  /** Goes on with the best candidates and advances `state`: one step of beam search. V is `vocabSize`. */
  advanceBeams(candidates: Tensor, state: BeamState, vocabSize: number): void {
    const { beams, endTokens, token, position, ancestors, trace, hypotheses, done, settings } = state;
    invariant(vocabSize >= 1, `advanceBeams: a vocabulary of ${vocabSize}`);
    const sentences = candidates.shape[0];
    const rows = sentences * beams;
    const capacity = trace.shape[0];
    expectShape("advanceBeams", "candidates", candidates, [null, candidateCount(state), 2]);
    expectShape("advanceBeams", "token", token, [rows, 1]);
    expectShape("advanceBeams", "position", position, [rows]);
    expectShape("advanceBeams", "ancestors", ancestors, [2, capacity, rows]);
    expectShape("advanceBeams", "trace", trace, [capacity, TRACE_FIELDS, rows]);
    expectShape("advanceBeams", "hypotheses", hypotheses, [rows, HYPOTHESIS_FIELDS]);
    expectShape("advanceBeams", "done", done, [sentences]);
    expectShape("advanceBeams", "settings", settings, [SETTINGS + endTokens + capacity + 1]);
  },

  /**
   * The finished hypothesis in each row of `state`, walked back to the end of its prompt: (B, TRACE_FIELDS, C) u32, the
   * fields of `trace` for each new token, but the log-probability of the token where that has the running score; 0 past its end.
   */
  backtrace({ trace, hypotheses, settings }: BeamState) {
    const [rows] = hypotheses.shape;
    expectShape("backtrace", "hypotheses", hypotheses, [null, HYPOTHESIS_FIELDS]);
    expectShape("backtrace", "trace", trace, [null, TRACE_FIELDS, rows]);
    invariant(settings.shape[0] > SETTINGS, "backtrace: settings are too short");
    return result([rows, TRACE_FIELDS, trace.shape[0]], "u32");
  },
};
