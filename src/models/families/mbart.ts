/**
 * mBART (Liu et al. 2020): BART with pre-norm layers and a norm at the end of each stack. Decoding starts with the token
 * of a language, set for each model or call. Hugging Face's configuration_mbart.py and modeling_mbart.py.
 */

import { fairseqFamily } from "./fairseq";

export const mbart = fairseqFamily({
  modelType: "mbart",
  defaults: { vocab_size: 50265, pad_token_id: 1, eos_token_id: 2 },
  positions: { kind: "learned", from: 2 },
  norms: "pre and final",
  embeddingNorm: { source: "after positions", target: "after positions" },
});
