/**
 * Blenderbot (Roller et al. 2020), for conversation: learned positions from row 0. The large one is pre-norm; the small one
 * is post-norm, with a norm over the embedding that comes before the positions in its decoder and after them in its encoder.
 * Hugging Face's configuration_*.py and modeling_*.py of blenderbot and blenderbot_small.
 */

import { fairseqFamily } from "./fairseq";

const headOf = "encoder";
const tokens = { pad_token_id: 0, eos_token_id: 2, decoder_start_token_id: 1 };

export const blenderbot = fairseqFamily({
  modelType: "blenderbot",
  defaults: {
    vocab_size: 8008,
    d_model: 2560,
    encoder_layers: 2,
    decoder_layers: 24,
    attention_heads: 32,
    ffn_dim: 10240,
    max_position_embeddings: 128,
    ...tokens,
  },
  positions: { kind: "learned", from: 0 },
  norms: "pre and final",
  headOf,
});

export const blenderbotSmall = fairseqFamily({
  modelType: "blenderbot-small",
  defaults: {
    vocab_size: 50265,
    d_model: 512,
    encoder_layers: 8,
    decoder_layers: 8,
    ffn_dim: 2048,
    max_position_embeddings: 512,
    ...tokens,
  },
  positions: { kind: "learned", from: 0 },
  norms: "post",
  headOf,
  embeddingNorm: { source: "after positions", target: "before positions" },
});
