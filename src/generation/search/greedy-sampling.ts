/** Greedy search and sampling: sequences that grow each on its own. Hugging Face's `_sample`. */

import { argmax, logSumExp, softmax, topIndices } from "./processors/scores";
import { draw } from "./random";
import type { Alternative, Choice, Hypothesis, Move, Search, SearchContext } from "./search";

export interface GreedySampling extends Search {
  /** Takes what the device has chosen; true once every chain has ended. For a search of one chain. */
  accept(choice: Choice, expired: boolean): boolean;
}

export function createGreedySampling(context: SearchContext): GreedySampling {
  const { config, prompt, processors, stopsAt, randoms } = context;
  const width = config.numReturnSequences;
  const chains = Array.from({ length: width }, () => ({
    tokens: [...prompt],
    choices: [] as Choice[],
    ended: false,
    emitted: 0,
  }));
  const identity = chains.map((_, i) => i);

  function add(chain: (typeof chains)[number], choice: Choice, expired: boolean): void {
    chain.tokens.push(choice.token);
    chain.choices.push(choice);
    chain.ended =
      expired ||
      config.eosTokenIds.includes(choice.token) ||
      chain.tokens.length >= config.maxLength ||
      stopsAt?.(chain.tokens) === true;
  }

  function choose(logits: Float32Array, index: number): Choice {
    for (const process of processors) process([logits], [chains[index].tokens]);
    const alternatives = topAlternatives(logits, context.alternatives);
    const token = config.doSample ? draw(softmax(logits), randoms[index].next()) : argmax(logits);
    return { token, logprob: Math.fround(logits[token] - logSumExp(logits)), alternatives };
  }

  return {
    width,
    step(logits, expired): Move | undefined {
      chains.forEach((chain, i) => {
        if (!chain.ended) add(chain, choose(logits[i], i), expired);
      });
      if (chains.every(({ ended }) => ended)) return undefined;
      return { tokens: chains.map(({ tokens }) => tokens[tokens.length - 1]), parents: identity };
    },
    accept(choice, expired) {
      add(chains[0], choice, expired);
      return chains[0].ended;
    },
    settled() {
      return chains.flatMap((chain, index) => {
        const fresh = chain.choices.slice(chain.emitted);
        chain.emitted = chain.choices.length;
        return fresh.map((choice) => ({ index, choice }));
      });
    },
    results: () => chains.map(({ tokens, choices }): Hypothesis => ({ tokens, choices })),
  };
}

/** The `count` most probable tokens; undefined where none are asked for. */
export function topAlternatives(scores: Float32Array, count: number): Alternative[] | undefined {
  if (count === 0) return undefined;
  const norm = logSumExp(scores);
  return topIndices(scores, count).map((token) => ({ token, probability: Math.exp(scores[token] - norm) }));
}
