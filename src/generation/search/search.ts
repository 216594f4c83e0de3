/**
 * The search for the hypotheses of one sentence, as a state machine that knows no device: it gets the scores of its rows and
 * answers with the next tokens. `greedy-sampling.ts` is greedy search and sampling, `beam.ts` beam search, `group-beam.ts`
 * diverse beam search. `../device/host-search.ts` runs many of them in one session.
 */

import type { SearchConfig } from "../options/search-config";
import type { Processor } from "./processors/scores";
import type { Random } from "./random";

/** A token that could have been chosen at a step. */
export interface Alternative {
  /** Its id. */
  token: number;
  /** 0 to 1, after the logits processors. */
  probability: number;
}

/** A token that was chosen. */
export interface Choice {
  token: number;
  /** Natural logarithm of its probability: Hugging Face's transition score. */
  logprob: number;
  /** Most probable first. */
  alternatives?: Alternative[];
}

/** A token, linked to the one before it, so that beams share the nodes of their common beginning. */
export interface Node {
  choice: Choice;
  previous?: Node;
}

/** The choices from the first token to this one. */
export function choicesOf(node: Node | undefined): Choice[] {
  const choices: Choice[] = [];
  for (let at = node; at; at = at.previous) choices.push(at.choice);
  return choices.reverse();
}

/** A finished sequence of a sentence. */
export interface Hypothesis {
  /** The prompt, then the chosen tokens. */
  tokens: number[];
  /** One per token after the prompt. */
  choices: Choice[];
  /** Beam search only: the sum of the log-probabilities divided by length ** length_penalty. */
  score?: number;
}

/** The next token of each row, and the row whose sequence it continues. */
export interface Move {
  tokens: number[];
  parents: number[];
}

export interface Search {
  /** How many decoder rows it needs. */
  readonly width: number;
  /** The sequences that the next step continues, each from its start token on. */
  open(): readonly (readonly number[])[];
  /** To be awaited before a step, where there is something to wait for. */
  prepare?(): Promise<void>;
  /**
   * One step.
   * @param logits (V) per row; it may overwrite them
   * @param expired the time is up: every sequence ends with this token
   * @returns undefined if the search has ended
   */
  step(logits: Float32Array[], expired: boolean): Move | undefined;
  /** Whether all its results are here. */
  readonly ended: boolean;
  /** Tokens that no later step can change and that were not reported before. `index` is the number of the hypothesis. */
  settled(): { index: number; choice: Choice }[];
  /** `num_return_sequences` hypotheses, best first. */
  results(): Hypothesis[];
}

/** What a search needs. */
export interface SearchContext {
  config: SearchConfig;
  /** Start token first. */
  prompt: readonly number[];
  /** What every sequence begins with after it. */
  given?: readonly number[];
  processors: readonly Processor[];
  /** How many alternatives to keep per token; 0 for none. */
  alternatives: number;
  /** Whether the last token of the sequence completes a stop string. */
  stopsAt?: (sequence: readonly number[]) => boolean;
  /** Diverse beam search: tokens that earlier groups took in this step. The search fills it, a logits processor reads it. */
  taken: number[];
  /** One per returned sequence. */
  randoms: readonly Random[];
}
