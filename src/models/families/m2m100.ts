/**
 * M2M100 (Fan et al. 2020) and NLLB (Costa-jussà et al. 2022): pre-norm, with fairseq's sinusoidal positions, which leave
 * padding out. The language to translate into is forced as the first token, by generation.
 * Hugging Face's configuration_m2m_100.py and modeling_m2m_100.py.
 */

import { fairseqFamily } from "./fairseq";

export const m2m100 = fairseqFamily({
  modelType: "m2m_100",
  defaults: {
    vocab_size: 128112,
    activation_function: "relu",
    scale_embedding: true,
    pad_token_id: 1,
    eos_token_id: 2,
    decoder_start_token_id: 2,
  },
  positions: { kind: "sinusoids of tokens" },
  norms: "pre and final",
  logitsBias: false,
});
