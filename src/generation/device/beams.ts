/**
 * Beam search that stays on the device: it chooses, moves the beams and keeps what has ended. JavaScript reads whether
 * each sentence is done, 4 bytes a step, and the sequences once at the end. `beam.ts` is the same search in JavaScript.
 */

import { MAX_BEAMS, MAX_CANDIDATES } from "../../ops/beam-state";
import { candidateCount } from "../../util/scores";
import { invariant, ModelError } from "../../errors";
import type { Ops } from "../../ops/ops";
import { BeamTrail } from "./beam-trail";
import { readBeams, startBeams, startSentences, type DeviceHypothesis } from "./beam-readback";
import type { SearchConfig } from "../options/search-config";
import type { DeviceSearch } from "./decode-loop";
import type { Choice, Hypothesis, Search } from "../search/search";
import type { Session } from "./session";

/** What JavaScript knows of the search of one sentence. */
export interface BeamResults extends Search {
  /** The sequences of the sentence, best first. */
  finish(found: DeviceHypothesis[]): void;
  /** What all beams have in common so far. */
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
    step() {
      throw new ModelError("internal", "A search of the device was asked to step.");
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
 * For sentences whose searches are `createBeamResults`.
 * @param follow reads tokens, parents and finished beams of each step, too, so that `settled` tells what is certain
 */
export function deviceBeams(
  ops: Ops,
  session: Session,
  config: SearchConfig,
  { follow, logprobs }: { follow: boolean; logprobs: boolean },
): DeviceSearch {
  const { beams, backtrace, batchSize } = session;
  invariant(beams && backtrace, "deviceBeams: a session without beams");
  const done = { tensor: beams.done, start: 0, count: batchSize };
  const trail = follow ? new BeamTrail(beams) : undefined;
  /** Done, and still to be read. */
  let ended: { results: BeamResults; slot: number; steps: number }[] = [];
  startBeams(ops, beams, config);
  return {
    reads: trail ? [done, trail.hypotheses] : [done],
    readAt: trail && ((position) => trail.trace(position)),
    start(slot, sentence) {
      startSentences(ops, beams, config.startTokenId, slot, 1, !sentence);
      trail?.start(slot);
    },
    accept(sentence, slot, { position, data: [done, hypotheses], own }) {
      const results = sentence.search as BeamResults;
      if (own) trail?.advance(slot, own as Uint32Array);
      if (done[slot] === 1) {
        ended.push({ results, slot, steps: position + 1 });
        return true;
      }
      if (trail) results.agree(trail.agreed(slot, hypotheses as Uint32Array));
      return false;
    },
    async collect() {
      if (ended.length === 0) return false;
      const found = await readBeams(ops, beams, backtrace, {
        sentences: ended.map(({ slot }) => slot),
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

/** Do the kernels take it: see `candidatesShape` in src/ops/beam-state.ts. */
export function fitsDevice({ numBeams, eosTokenIds }: SearchConfig, vocabSize: number): boolean {
  const candidates = candidateCount({ beams: numBeams, endTokens: eosTokenIds.length });
  return numBeams <= MAX_BEAMS && candidates <= Math.min(MAX_CANDIDATES, numBeams * vocabSize);
}
