/**
 * Diverse beam search of one sentence (Vijayakumar et al. 2018). The beams form groups, which choose one after the other; a
 * token costs a penalty for each beam of an earlier group that has just taken it (processors/diversity.ts).
 *
 * transformers 5 no longer has it. This is `_group_beam_search` of transformers 4.56.2, the last version with it, and its
 * `BeamSearchScorer` and `BeamHypotheses` (generation/utils.py and beam_search.py), for a batch of one. It ends differently
 * from `beam.ts`: a beam with an end token stops running at once, and a group that is done does not change any more.
 */

import { candidateCount } from "../../util/scores";
import { invariant } from "../../errors";
import { firstBeams, scoreContinuations, type Beam } from "./beam";
import type { SearchConfig } from "../options/search-config";
import { topIndices } from "../../util/distribution";
import { choicesOf, type Choice, type Hypothesis, type Move, type Search, type SearchContext } from "./search";

export function createGroupBeamSearch(context: SearchContext): Search {
  const { config, prompt, taken } = context;
  const { numBeams, numBeamGroups, maxLength, padTokenId, numReturnSequences } = config;
  const size = numBeams / numBeamGroups;
  const groups = Array.from({ length: numBeamGroups }, () => createGroup(context, size));
  let length = prompt.length;
  let ended = false;
  let emitted = false;

  /** Best first. Of equal scores the later comes first, as Python's sort and pop do it. */
  const results = (): Hypothesis[] =>
    groups
      .flatMap(({ hypotheses }) => hypotheses.kept)
      .sort((a, b) => a.score - b.score)
      .reverse()
      .slice(0, numReturnSequences)
      .map(({ tokens, node, score }) => ({ tokens, choices: choicesOf(node), score: Math.fround(score) }));

  return {
    width: numBeams,
    open: () => groups.flatMap((group) => group.open()),
    get ended() {
      return ended;
    },

    step(logits, expired): Move | undefined {
      taken.length = 0;
      length++;
      const move: Move = { tokens: [], parents: [] };
      groups.forEach((group, g) => {
        const first = g * size;
        const next = group.isDone() ? undefined : group.step(logits.slice(first, first + size));
        for (let i = 0; i < size; i++) {
          // Later groups see the pad token in place of a group that is done. What its rows on the device decode is ignored.
          taken.push(next ? next.tokens[i] : padTokenId);
          move.tokens.push(next ? next.tokens[i] : prompt[0]);
          move.parents.push(first + (next ? next.parents[i] : i));
        }
      });
      ended = expired || length >= maxLength || groups.every(({ isDone }) => isDone());
      if (!ended) return move;
      for (const group of groups) group.close();
      return undefined;
    },

    // Until the end it is open which group wins.
    settled() {
      if (!ended || emitted) return [];
      emitted = true;
      return results()[0].choices.map((choice) => ({ index: 0, choice }));
    },

    results,
  };
}

function createGroup(context: SearchContext, size: number) {
  const { config, prompt } = context;
  const { eosTokenIds, promptLength } = config;
  const hypotheses = createHypotheses(config, size);
  let running = firstBeams(size, prompt);
  let done = false;

  return {
    hypotheses,
    isDone: () => done,
    open: () => (done ? [] : running.map(({ tokens }) => tokens)),

    /** `BeamSearchScorer.process`: the token of each beam, and the beam of the group that it continues. */
    step(logits: Float32Array[]): Move {
      const vocabSize = logits[0].length;
      const { accumulated, alternatives } = scoreContinuations(context, logits, running);
      const best = topIndices(accumulated, candidateCount({ beams: size, endTokens: eosTokenIds.length }));
      const length = running[0].tokens.length + 1 - promptLength;

      const next: Beam[] = [];
      const parents: number[] = [];
      for (let rank = 0; rank < best.length && next.length < size; rank++) {
        const [parent, token] = [Math.floor(best[rank] / vocabSize), best[rank] % vocabSize];
        const score = accumulated[best[rank]];
        const ends = eosTokenIds.includes(token);
        // An end token that is not among the best `size` is dropped.
        if (ends && rank >= size) continue;
        // Whatever end token it was, transformers writes the first one.
        const written = ends ? eosTokenIds[0] : token;
        const choice: Choice = {
          token: written,
          logprob: logits[parent][token],
          alternatives: alternatives[parent],
        };
        const { tokens, node: previous } = running[parent];
        const beam: Beam = { tokens: [...tokens, written], node: { choice, previous }, score };
        if (ends) {
          hypotheses.add(beam, length);
          continue;
        }
        next.push(beam);
        parents.push(parent);
      }
      invariant(next.length === size, "group beam search: every token of the vocabulary is an end token");
      running = next;
      done = hypotheses.isDone(accumulated[best[0]], length);
      return { tokens: next.map(({ tokens }) => tokens[tokens.length - 1]), parents };
    },

    /** `BeamSearchScorer.finalize`: running beams become hypotheses as they are. */
    close(): void {
      if (!done) for (const beam of running) hypotheses.add(beam, beam.tokens.length - promptLength);
    },
  };
}

/** `BeamHypotheses`: the best `size` hypotheses of a group. Scores are float64, as in Python. */
function createHypotheses({ lengthPenalty, earlyStopping, maxLength, promptLength }: SearchConfig, size: number) {
  const kept: Beam[] = [];
  let worst = 1e9;
  return {
    kept,

    add({ tokens, node, score: sum }: Beam, length: number): void {
      const score = sum / length ** lengthPenalty;
      if (kept.length === size && !(score > worst)) return;
      kept.push({ tokens, node, score });
      if (kept.length > size) {
        const scores = kept.map((beam) => beam.score);
        kept.splice(scores.indexOf(Math.min(...scores)), 1);
      }
      worst = Math.min(...kept.map((beam) => beam.score));
    },

    /** Whether it is full and no running beam with this sum of log-probabilities can still get in. */
    isDone(bestSum: number, length: number): boolean {
      if (kept.length < size) return false;
      if (earlyStopping === true) return true;
      const bestLength = earlyStopping === "never" && lengthPenalty > 0 ? maxLength - promptLength : length;
      return worst >= bestSum / bestLength ** lengthPenalty;
    },
  };
}
