/**
 * Beam search on the device: it chooses the tokens, moves the beams and keeps the hypotheses. JavaScript reads whether each
 * sentence is done, 4 bytes per step, and the hypotheses once at the end. `../search/beam.ts` is the same search in JavaScript.
 */

import { MAX_BEAMS, MAX_CANDIDATES } from "../../ops/beam-state";
import { candidateCount } from "../../util/scores";
import { invariant, ModelError } from "../../errors";
import type { Ops } from "../../ops/ops";
import { BeamTrail } from "./beam-trail";
import { readBeams, startBeams, startSentence, type DeviceHypothesis } from "./beam-readback";
import type { SearchConfig } from "../options/search-config";
import type { DeviceSearch } from "./decode-loop";
import type { Choice, Hypothesis, Search } from "../search/search";
import type { Session } from "./session";

/** What JavaScript keeps of the search of one sentence. */
export interface BeamResults extends Search {
  /** The hypotheses of the sentence, best first. */
  finish(hypotheses: DeviceHypothesis[]): void;
  /** The tokens that all beams have in common so far. */
  agree(choices: Choice[]): void;
}

export function createBeamResults(config: SearchConfig, prompt: readonly number[]): BeamResults {
  let found: Hypothesis[] = [];
  let settled: Choice[] = [];
  let emitted = 0;
  const choicesOf = ({ tokens, logprobs }: DeviceHypothesis): Choice[] =>
    tokens.map((token, i) => ({ token, logprob: logprobs[i] ?? 0 }));
  return {
    width: config.numBeams,
    open: () => [],
    get ended() {
      return found.length > 0;
    },
    step() {
      throw new ModelError("internal", "step() was called for a search that runs on the device.");
    },
    finish(hypotheses) {
      found = hypotheses.map((hypothesis) => ({
        tokens: [...prompt, ...hypothesis.tokens],
        choices: choicesOf(hypothesis),
        score: hypothesis.score,
      }));
      settled = found[0].choices;
    },
    agree(choices) {
      // A search that started again on a new device has at first less than was reported before.
      settled = choices;
    },
    settled() {
      const fresh = settled.slice(emitted);
      emitted = Math.max(emitted, settled.length);
      return fresh.map((choice) => ({ index: 0, choice }));
    },
    results: () => found,
  };
}

/**
 * For sentences whose search is a `BeamResults`.
 * @param follow also reads the tokens, parents and hypotheses of each step, so that `settled` has something to report early
 */
export function deviceBeams(
  ops: Ops,
  session: Session,
  config: SearchConfig,
  { follow, logprobs }: { follow: boolean; logprobs: boolean },
): DeviceSearch {
  const { beams, backtrace, batchSize } = session;
  invariant(beams && backtrace, "deviceBeams: the session was made without beams");
  const done = { tensor: beams.done, start: 0, count: batchSize };
  const trail = follow ? new BeamTrail(beams) : undefined;
  /** Sentences that are done, but whose hypotheses are still on the device. */
  let ended: { results: BeamResults; slot: number; steps: number }[] = [];
  startBeams(ops, beams, config);
  return {
    reads: trail ? [done, trail.hypotheses] : [done],
    readAt: trail && ((position) => trail.trace(position)),
    start(slot, sentence) {
      startSentence(ops, beams, sentence?.prompt ?? new Array<number>(config.promptLength).fill(0), slot, !sentence);
      trail?.start(slot);
    },
    accept(sentence, slot, { position, data: [done, hypotheses], atPosition: trace }) {
      const results = sentence.search as BeamResults;
      if (trace) trail?.advance(slot, trace as Uint32Array);
      if (done[slot] === 1) {
        ended.push({ results, slot, steps: position + 2 - config.promptLength });
        return true;
      }
      if (trail) results.agree(trail.agreed(slot, hypotheses as Uint32Array));
      return false;
    },
    async collect() {
      if (ended.length === 0) return false;
      const found = await readBeams(ops, beams, backtrace, {
        slots: ended.map(({ slot }) => slot),
        count: config.numReturnSequences,
        steps: Math.max(...ended.map(({ steps }) => steps)),
        read: logprobs ? ["token", "score"] : ["token"],
      });
      ended.forEach(({ results }, i) => results.finish(found[i]));
      ended = [];
      return true;
    },
  };
}

/** Whether the kernels can run this search: what `beamCandidates` of src/ops/beams.ts asks for. */
export function fitsDevice({ numBeams, eosTokenIds }: SearchConfig, vocabSize: number): boolean {
  const candidates = candidateCount({ beams: numBeams, endTokens: eosTokenIds.length });
  return numBeams <= MAX_BEAMS && candidates <= Math.min(MAX_CANDIDATES, numBeams * vocabSize);
}
