/**
 * The search for the sequences of one sentence, as a state machine that knows nothing of devices: it is given the
 * scores of its rows and says which tokens come next. `greedy-sampling.ts` holds greedy search and sampling, `beam.ts` beam
 * search, `group-beam.ts` diverse beam search; `host-search.ts` runs many of them over a session.
 */

import type { SearchConfig } from "../options/search-config";
import type { Processor } from "./processors/scores";
import type { Random } from "./random";

/** A token that might have come, after all rules. */
export interface Alternative {
  token: number;
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

/** A finished sequence. */
export interface Hypothesis {
  /** With the prompt. */
  tokens: number[];
  /** One a token after the prompt. */
  choices: Choice[];
  /** Of a beam search: the sum of the log-probabilities, divided by length ** length_penalty. */
  score?: number;
}

/** What the rows of a sentence do next: which token each takes, and which row's sequence it continues. */
export interface Move {
  tokens: number[];
  parents: number[];
}

export interface Search {
  /** Rows of the device that it takes. */
  readonly width: number;
  /** Scores of (V) a row, which it may overwrite. Undefined once it has ended. `expired`: everything ends here. */
  step(logits: Float32Array[], expired: boolean): Move | undefined;
  /** What no later step can change, since the last call. `index` counts the sequences that will be returned. */
  settled(): { index: number; choice: Choice }[];
  /** Best first; `num_return_sequences` of them. */
  results(): Hypothesis[];
}

/** What a search needs beside its configuration. */
export interface SearchContext {
  config: SearchConfig;
  /** Start token first. */
  prompt: readonly number[];
  processors: readonly Processor[];
  /** How many alternatives to note, 0 for none. */
  alternatives: number;
  /** Has a stop string appeared with the last token of the sequence? */
  stopsAt?: (sequence: readonly number[]) => boolean;
  /** Group beam search: what the groups before have taken in this step. The search fills it, a processor reads it. */
  taken: number[];
  /** One a returned sequence. */
  randoms: readonly Random[];
}
