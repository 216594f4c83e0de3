/** Greedy search and sampling of one sentence: each sequence grows without the others. Hugging Face's `_sample`. */

import { argmax, draw, logSumExp, softmax, topIndices } from "../../util/distribution";
import type { Alternative, Choice, Hypothesis, Move, Search, SearchContext } from "./search";

export interface GreedySampling extends Search {
  /** Takes the token that the device has chosen for each sequence. Returns true if all sequences have ended. */
  accept(choices: readonly Choice[], expired: boolean): boolean;
}

export function createGreedySampling(context: SearchContext): GreedySampling {
  const { config, prompt, given = [], processors, stopsAt, randoms } = context;
  const width = config.numReturnSequences;
  const sequences = Array.from({ length: width }, () => ({
    tokens: [...prompt, ...given],
    choices: given.map((token): Choice => ({ token, logprob: 0 })),
    ended: false,
    emitted: 0,
  }));
  const identity = sequences.map((_, i) => i);

  function add(sequence: (typeof sequences)[number], choice: Choice, expired: boolean): void {
    sequence.tokens.push(choice.token);
    sequence.choices.push(choice);
    sequence.ended =
      expired ||
      config.eosTokenIds.includes(choice.token) ||
      sequence.tokens.length >= config.maxLength ||
      stopsAt?.(sequence.tokens) === true;
  }

  function choose(logits: Float32Array, index: number): Choice {
    for (const process of processors) process([logits], [sequences[index].tokens]);
    const alternatives = topAlternatives(logits, context.alternatives);
    const token = config.doSample ? draw(softmax(logits), randoms[index].next()) : argmax(logits);
    return { token, logprob: Math.fround(logits[token] - logSumExp(logits)), alternatives };
  }

  return {
    width,
    open: () => sequences.filter(({ ended }) => !ended).map(({ tokens }) => tokens),
    get ended() {
      return sequences.every(({ ended }) => ended);
    },
    step(logits, expired): Move | undefined {
      sequences.forEach((sequence, i) => {
        if (!sequence.ended) add(sequence, choose(logits[i], i), expired);
      });
      if (this.ended) return undefined;
      return { tokens: sequences.map(({ tokens }) => tokens[tokens.length - 1]), parents: identity };
    },
    accept(choices, expired) {
      sequences.forEach((sequence, i) => {
        if (!sequence.ended) add(sequence, choices[i], expired);
      });
      return this.ended;
    },
    settled() {
      return sequences.flatMap((sequence, index) => {
        const fresh = sequence.choices.slice(sequence.emitted);
        sequence.emitted = sequence.choices.length;
        return fresh.map((choice) => ({ index, choice }));
      });
    },
    results: () => sequences.map(({ tokens, choices }): Hypothesis => ({ tokens, choices })),
  };
}

/** The `count` most probable tokens; undefined for a count of 0. */
export function topAlternatives(scores: Float32Array, count: number): Alternative[] | undefined {
  if (count === 0) return undefined;
  const norm = logSumExp(scores);
  return topIndices(scores, count).map((token) => ({ token, probability: Math.exp(scores[token] - norm) }));
}
