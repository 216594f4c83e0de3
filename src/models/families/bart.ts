/**
 * BART (Lewis et al. 2019) and what has its layers: post-norm, learned positions, a norm over the embedding.
 * Hugging Face's configuration_*.py and modeling_*.py of bart, plbart and mvp.
 */

import { fairseqFamily, type FairseqTable } from "./fairseq";

const layers = {
  /** Fairseq numbers positions from padding_idx + 1 = 2. */
  positions: { kind: "learned", from: 2 },
  norms: "post",
  embeddingNorm: { source: "after positions", target: "after positions" },
} satisfies Partial<FairseqTable>;

export const bart = fairseqFamily({
  modelType: "bart",
  defaults: { vocab_size: 50265, pad_token_id: 1, eos_token_id: 2, decoder_start_token_id: 2 },
  ...layers,
});

/** PLBart (Ahmad et al. 2021), for programs: smaller, and decoding starts with a language, set for each model or call. */
export const plbart = fairseqFamily({
  modelType: "plbart",
  defaults: {
    vocab_size: 50005,
    d_model: 768,
    encoder_layers: 6,
    decoder_layers: 6,
    attention_heads: 12,
    ffn_dim: 3072,
    scale_embedding: true,
    pad_token_id: 1,
    eos_token_id: 2,
  },
  ...layers,
  headOf: "encoder",
});

/** MVP (Tang et al. 2022), for text from data. */
export const mvp = fairseqFamily({
  modelType: "mvp",
  defaults: { vocab_size: 50267, pad_token_id: 1, eos_token_id: 2, decoder_start_token_id: 2 },
  ...layers,
  headOf: "encoder",
  unsupported: { use_prompt: "prompts, which are keys and values before each layer's own," },
});
