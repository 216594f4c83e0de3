/**
 * Beam search that stays on the device: it chooses, moves the beams and keeps what has ended. JavaScript reads whether
 * each sentence is done, 4 bytes a step, and the sequences once at the end. `beam.ts` is the same search in JavaScript.
 */

import { MAX_BEAMS, MAX_CANDIDATES } from "../../ops/beam-state";
import { candidateCount } from "../../util/scores";
import { invariant, ModelError } from "../../errors";
import type { Ops } from "../../ops/ops";
import { BeamTrail } from "./beam-trail";
import { readBeams, startBeams, startItems, type Hypothesis as DeviceHypothesis } from "./beam-readback";
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
  let told = 0;
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
      const fresh = settled.slice(told);
      told = Math.max(told, settled.length);
      return fresh.map((choice) => ({ index: 0, choice }));
    },
    results: () => found,
  };
}

/**
 * For jobs whose searches are `createBeamResults`.
 * @param follow reads tokens, parents and finished beams of each step, too, so that `settled` tells what is certain
 */
export function deviceBeams(
  ops: Ops,
  session: Session,
  config: SearchConfig,
  { follow, logprobs }: { follow: boolean; logprobs: boolean },
): DeviceSearch {
  const { beams, walked, sentences } = session;
  invariant(beams && walked, "deviceBeams: a session without beams");
  const done = { tensor: beams.done, start: 0, count: sentences };
  const trail = follow ? new BeamTrail(beams) : undefined;
  /** Done, and still to be read. */
  let ended: { results: BeamResults; place: number; steps: number }[] = [];
  startBeams(ops, beams, config);
  return {
    reads: trail ? [done, trail.slots] : [done],
    readAt: trail && ((position) => trail.trace(position)),
    start(place, job) {
      startItems(ops, beams, config.startTokenId, place, 1, !job);
      trail?.start(place);
    },
    accept(job, place, { position, data: [done, slots], own }) {
      const results = job.search as BeamResults;
      if (own) trail?.advance(place, own as Uint32Array);
      if (done[place] === 1) {
        ended.push({ results, place, steps: position + 1 });
        return true;
      }
      if (trail) results.agree(trail.agreed(place, slots as Uint32Array));
      return false;
    },
    async collect() {
      if (ended.length === 0) return false;
      const found = await readBeams(ops, beams, walked, {
        items: ended.map(({ place }) => place),
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
