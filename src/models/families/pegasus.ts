/**
 * Pegasus (Zhang et al. 2020), for summaries: pre-norm, with Marian's sinusoidal positions and no norm over the embedding.
 * Hugging Face's configuration_pegasus.py and modeling_pegasus.py.
 */

import { fairseqFamily } from "./fairseq";

export const pegasus = fairseqFamily({
  modelType: "pegasus",
  defaults: { vocab_size: 50265, pad_token_id: 0, eos_token_id: 1, decoder_start_token_id: 0 },
  positions: { kind: "sinusoids" },
  norms: "pre and final",
});
