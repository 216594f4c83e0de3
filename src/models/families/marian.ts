/**
 * Marian (Junczys-Dowmunt et al. 2018), the architecture of OPUS-MT: the paper's Transformer, post-norm, with sinusoidal
 * positions and one vocabulary or two. Hugging Face's configuration_marian.py and modeling_marian.py.
 */

import { fairseqFamily } from "./fairseq";

export const marian = fairseqFamily({
  modelType: "marian",
  defaults: { vocab_size: 58101, pad_token_id: 58100, eos_token_id: 0, decoder_start_token_id: 58100 },
  positions: { kind: "sinusoids" },
  norms: "post",
  mayHaveTwoVocabularies: true,
});
