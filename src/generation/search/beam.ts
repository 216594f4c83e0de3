/**
 * Beam search and beam sampling of one sentence: `_beam_search` of Hugging Face transformers 5.23 (generation/utils.py)
 * for a batch of one, with its names. Scores are float32, as there.
 */

import { candidateCount, UNLIKELY } from "../../util/scores";
import { topAlternatives } from "./greedy-sampling";
import type { SearchConfig } from "../options/search-config";
import { logSoftmax, softmax, topIndices } from "../../util/distribution";
import { drawWithoutReplacement } from "./random";
import {
  choicesOf,
  type Choice,
  type Hypothesis,
  type Move,
  type Node,
  type Search,
  type SearchContext,
} from "./search";

/** A running sequence, or one that has ended. */
export interface Beam {
  tokens: number[];
  node?: Node;
  score: number;
}

interface Candidate {
  parent: number;
  tokens: number[];
  choice: Choice;
  score: number;
  /** Whether it ends with this token (`hits_stopping_criteria` of Hugging Face). */
  ends: boolean;
}

interface Finished extends Beam {
  isFinished: boolean;
}

const f32 = Math.fround;

export function createBeamSearch(context: SearchContext): Search {
  const { config, prompt, stopsAt } = context;
  const { numBeams, eosTokenIds, maxLength, lengthPenalty, earlyStopping, promptLength } = config;
  const beamsToKeep = candidateCount({ beams: numBeams, endTokens: eosTokenIds.length });
  let running = firstBeams(numBeams, prompt);
  let finished = Array.from({ length: numBeams }, (): Finished => ({
    tokens: [...prompt],
    score: UNLIKELY,
    isFinished: false,
  }));
  let ended = false;
  let emitted = 0;

  function candidates(logits: Float32Array[], expired: boolean): Candidate[] {
    const vocabSize = logits[0].length;
    const length = running[0].tokens.length + 1;
    const { accumulated, alternatives } = scoreContinuations(context, logits, running);
    return pick(accumulated, beamsToKeep, context).map((index): Candidate => {
      const parent = Math.floor(index / vocabSize);
      const token = index % vocabSize;
      const tokens = [...running[parent].tokens, token];
      return {
        parent,
        tokens,
        choice: { token, logprob: logits[parent][token], alternatives: alternatives[parent] },
        score: accumulated[index],
        ends: expired || length >= maxLength || eosTokenIds.includes(token) || stopsAt?.(tokens) === true,
      };
    });
  }

  return {
    width: numBeams,
    open: () => running.map(({ tokens }) => tokens),
    get ended() {
      return ended;
    },

    step(logits, expired): Move | undefined {
      const best = candidates(logits, expired);
      const nodes = best.map(({ parent, choice }): Node => ({ choice, previous: running[parent].node }));
      const length = best[0].tokens.length - promptLength;

      // _get_running_beams_for_next_iteration
      const goingOn = Float32Array.from(best, ({ score, ends }) => f32(score + (ends ? UNLIKELY : 0)));
      const chosen = topIndices(goingOn, numBeams);
      running = chosen.map((i): Beam => ({ tokens: best[i].tokens, node: nodes[i], score: goingOn[i] }));

      // _update_finished_beams: only the first `numBeams` candidates may end. The others are spare, to keep beams running.
      const penalty = f32(length ** lengthPenalty);
      const merged = [
        ...finished,
        ...best.map(({ tokens, score, ends }, i): Finished => {
          const isFinished = ends && i < numBeams;
          return { tokens, node: nodes[i], score: f32(f32(score / penalty) + (isFinished ? 0 : UNLIKELY)), isFinished };
        }),
      ];
      finished = topIndices(
        merged.map(({ score }) => score),
        numBeams,
      ).map((i) => merged[i]);

      const nothingLeft = best.every(({ ends }) => ends);
      const full = finished.every(({ isFinished }) => isFinished);
      ended =
        nothingLeft || (full && earlyStopping === true) || !canImprove(config, running[0].score, finished, length);
      if (ended) return undefined;
      return {
        tokens: running.map(({ tokens }) => tokens[tokens.length - 1]),
        parents: chosen.map((i) => best[i].parent),
      };
    },

    settled() {
      // The common beginning of all running and finished beams.
      const open = ended ? [finished[0]] : [...running, ...finished.filter(({ isFinished }) => isFinished)];
      const [first, ...others] = open.map(({ tokens }) => tokens);
      let common = first.length;
      for (const tokens of others) {
        let i = 0;
        while (i < common && tokens[i] === first[i]) i++;
        common = i;
      }
      const choices = choicesOf(open[0].node).slice(0, Math.max(0, common - promptLength));
      const fresh = choices.slice(emitted);
      emitted = Math.max(emitted, choices.length);
      return fresh.map((choice) => ({ index: 0, choice }));
    },

    results: () =>
      finished
        .slice(0, config.numReturnSequences)
        .map(({ tokens, node, score }): Hypothesis => ({ tokens, choices: choicesOf(node), score })),
  };
}

/** At the first step only the first beam counts; otherwise all beams would be the same. */
export function firstBeams(count: number, prompt: readonly number[]): Beam[] {
  return Array.from({ length: count }, (_, i) => ({ tokens: [...prompt], score: i === 0 ? 0 : UNLIKELY }));
}

/**
 * Turns logits into log-probabilities, applies the logits processors, and adds the score of each beam.
 * @returns the sums, (beams * V), and the most probable tokens of each beam
 */
export function scoreContinuations(context: SearchContext, logits: Float32Array[], running: readonly Beam[]) {
  const vocabSize = logits[0].length;
  logits.forEach(logSoftmax);
  const sequences = running.map(({ tokens }) => tokens);
  for (const process of context.processors) process(logits, sequences);
  const accumulated = new Float32Array(running.length * vocabSize);
  logits.forEach((row, beam) => {
    const { score } = running[beam];
    for (let token = 0; token < vocabSize; token++) accumulated[beam * vocabSize + token] = row[token] + score;
  });
  return { accumulated, alternatives: logits.map((row) => topAlternatives(row, context.alternatives)) };
}

/** `_check_early_stop_heuristic`: whether the best running beam could still beat the worst finished one. */
function canImprove(config: SearchConfig, runningScore: number, finished: Finished[], length: number): boolean {
  const { earlyStopping, lengthPenalty, maxLength, promptLength } = config;
  const bestLength = earlyStopping === "never" && lengthPenalty > 0 ? maxLength - promptLength : length;
  const bestPossible = f32(runningScore / f32(bestLength ** lengthPenalty));
  const worst = Math.min(...finished.map(({ score }) => score));
  return finished.some(({ isFinished }) => bestPossible > (isFinished ? worst : UNLIKELY));
}

/** `_get_top_k_continuations`: the indices of the `count` best sums or, with sampling, of `count` drawn without replacement. */
function pick(accumulated: Float32Array, count: number, { config, randoms }: SearchContext): number[] {
  if (!config.doSample) return topIndices(accumulated, count);
  const drawn = drawWithoutReplacement(softmax(accumulated), count, randoms[0]);
  if (drawn.length === count) return drawn;
  // Too few tokens have a probability above 0. Hugging Face fails here; we fill up with the best of the rest.
  const rest = topIndices(accumulated, 2 * count).filter((i) => !drawn.includes(i));
  return [...drawn, ...rest].slice(0, count);
}
