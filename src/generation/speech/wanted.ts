/** What a call wants to know of finished sequences, and what is found out of one of them. */

import type { HostTensor } from "../../tensor/host-tensor";

export interface Wanted {
  /** [layer, head] of the cross-attention. */
  heads: readonly (readonly [layer: number, head: number])[];
  avgLogprobs: boolean;
  tokenProbs: boolean;
  /** The token of silence, and the start token, after which its probability is read. */
  silence?: { start: number; token: number };
}

/** Of one sequence. */
export interface Reviewed {
  /** (A, T, S): row t is the attention of the step that read token t of the sequence. */
  alignment?: HostTensor;
  avgLogprob?: number;
  noSpeechProb?: number;
  tokenProbs?: number[];
}
