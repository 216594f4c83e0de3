/**
 * What Marian, BART, mBART and M2M100 have in common: Hugging Face gave them the same fields of config.json and the same
 * tensor names, after fairseq's. They differ in positions and norms, which their own files say.
 */

import type { Activation, Norm } from "../../ops/ops";
import type { Tensor } from "../../tensor/tensor";
import { ConfigReader, MAX } from "../config";
import { range, type DecoderLayer, type EncoderLayer, type FeedForward, type Linear } from "../layers";
import type { ModelInfo } from "../model";
import type { Parameters } from "../parameters";

// --- configuration ---

export interface FairseqConfig extends ModelInfo {
  width: number; // D
  encoder: Stack;
  decoder: Stack;
  activation: Activation;
  /** What embeddings are multiplied with. */
  scale: number;
  /** Whether one vocabulary matrix may stand for another, beyond encoder and decoder sharing theirs. */
  tied: boolean;
}

interface Stack {
  layers: number;
  heads: number; // H
  feedForwardWidth: number; // F
}

/** Where the families' configurations differ when config.json leaves a field out. */
export interface FairseqDefaults {
  vocab_size: number;
  activation_function: string;
  scale_embedding: boolean;
  pad_token_id: number;
  eos_token_id: number;
  /** Absent: `bos_token_id`, which is where Hugging Face's generate looks next. */
  decoder_start_token_id?: number;
}

/** torch's default, which no configuration changes. */
const NORM_EPS = 1e-5;

const ALIASES = {
  d_model: "hidden_size",
  encoder_layers: "num_hidden_layers",
  encoder_attention_heads: "num_attention_heads",
};

export const fairseqReader = (fields: Record<string, unknown>) => new ConfigReader(fields, ALIASES);

export function readFairseqConfig(
  modelType: string,
  config: ConfigReader,
  defaults: FairseqDefaults,
  vocabularies: { source: number; target: number },
): FairseqConfig {
  const width = config.integer("d_model", [1, MAX.width], 1024);
  const stack = (side: string): Stack => {
    const heads = config.integer(`${side}_attention_heads`, [1, MAX.width], 16);
    if (width % heads !== 0) {
      throw config.invalid(`d_model ${width} is not a multiple of ${side}_attention_heads ${heads}`);
    }
    return {
      layers: config.integer(`${side}_layers`, [1, MAX.layers], 12),
      heads,
      feedForwardWidth: config.integer(`${side}_ffn_dim`, [1, MAX.width], 4096),
    };
  };
  const decoder = stack("decoder");
  const maxPositions = config.integer("max_position_embeddings", [1, MAX.positions], 1024);
  const { source, target } = vocabularies;
  const start = config.has("decoder_start_token_id") || defaults.decoder_start_token_id !== undefined;
  return {
    modelType,
    sourceVocabSize: source,
    targetVocabSize: target,
    maxSourceLength: maxPositions,
    maxTargetLength: maxPositions,
    padTokenId: config.token("pad_token_id", Math.max(source, target), defaults.pad_token_id),
    eosTokenIds: config.tokens("eos_token_id", target, defaults.eos_token_id),
    decoderStartTokenId: start
      ? config.token("decoder_start_token_id", target, defaults.decoder_start_token_id)
      : config.token("bos_token_id", target, 0),
    numDecoderLayers: decoder.layers,
    cacheWidth: 2 * width,
    width,
    encoder: stack("encoder"),
    decoder,
    activation: config.activation("activation_function", defaults.activation_function),
    scale: config.boolean("scale_embedding", defaults.scale_embedding) ? Math.sqrt(width) : 1,
    tied: config.boolean("tie_word_embeddings", true),
  };
}

// --- weights ---

/** Checkpoints of the bare model, without the vocabulary projection, lack the prefix. */
export function fairseqPrefix(p: Parameters): string {
  return p.has("encoder.layers.0.fc1.weight") ? "" : "model.";
}

function linear(p: Parameters, name: string, outer: number, inner: number): Linear {
  return { weight: p.tensor(`${name}.weight`, [outer, inner]), bias: p.tensor(`${name}.bias`, [outer]) };
}

/** Projections of the same states, one under the other: (N D, D). */
function projections(p: Parameters, name: string, which: string[], width: number): Linear {
  const names = which.map((projection) => `${name}.${projection}_proj`);
  return {
    weight: p.stacked(
      names.map((n) => `${n}.weight`),
      [width, width],
    ),
    bias: p.stacked(
      names.map((n) => `${n}.bias`),
      [width],
    ),
  };
}

export function fairseqNorm(p: Parameters, name: string, width: number): Norm {
  p.require(`${name}.bias`);
  return p.norm(name, width, NORM_EPS);
}

function feedForward(p: Parameters, name: string, width: number, { feedForwardWidth }: Stack): FeedForward {
  return {
    inner: linear(p, `${name}.fc1`, feedForwardWidth, width),
    outer: linear(p, `${name}.fc2`, width, feedForwardWidth),
    norm: fairseqNorm(p, `${name}.final_layer_norm`, width),
  };
}

function encoderLayer(p: Parameters, name: string, width: number, stack: Stack): EncoderLayer {
  return {
    selfAttention: {
      queryKeyValue: projections(p, `${name}.self_attn`, ["q", "k", "v"], width),
      output: linear(p, `${name}.self_attn.out_proj`, width, width),
      norm: fairseqNorm(p, `${name}.self_attn_layer_norm`, width),
    },
    feedForward: feedForward(p, name, width, stack),
  };
}

function decoderLayer(p: Parameters, name: string, width: number, stack: Stack): DecoderLayer {
  return {
    ...encoderLayer(p, name, width, stack),
    crossAttention: {
      query: linear(p, `${name}.encoder_attn.q_proj`, width, width),
      keyValue: projections(p, `${name}.encoder_attn`, ["k", "v"], width),
      output: linear(p, `${name}.encoder_attn.out_proj`, width, width),
      norm: fairseqNorm(p, `${name}.encoder_attn_layer_norm`, width),
    },
  };
}

export function fairseqLayers(p: Parameters, prefix: string, { width, encoder, decoder }: FairseqConfig) {
  p.ignore(`${prefix}encoder.version`, `${prefix}decoder.version`); // fairseq's format number
  return {
    encoderLayers: range(encoder.layers).map((i) => encoderLayer(p, `${prefix}encoder.layers.${i}`, width, encoder)),
    decoderLayers: range(decoder.layers).map((i) => decoderLayer(p, `${prefix}decoder.layers.${i}`, width, decoder)),
  };
}

/**
 * The three vocabulary matrices, (V, D) each, of a model whose source and target share one. A checkpoint stores it under
 * any of four names, once or several times; each matrix is its own where that is there.
 */
export function sharedVocabulary(p: Parameters, prefix: string, { width, sourceVocabSize, tied }: FairseqConfig) {
  const shared = `${prefix}shared.weight`;
  const encoder = `${prefix}encoder.embed_tokens.weight`;
  const decoder = `${prefix}decoder.embed_tokens.weight`;
  const head = "lm_head.weight";
  const shape = [sourceVocabSize, width];
  p.ignore(shared); // unread where all three have their own
  const embedding = (own: string): Tensor =>
    p.tensorOf([own, shared, ...(tied ? [head, encoder, decoder] : [])], shape);
  return {
    source: embedding(encoder),
    target: embedding(decoder),
    head: p.tensorOf([head, ...(tied ? [shared, decoder, encoder] : [])], shape),
  };
}

/** Added to the logits, where the checkpoint has it. */
export function finalLogitsBias(p: Parameters, vocabSize: number): Tensor {
  return p.has("final_logits_bias") ? p.flat("final_logits_bias", vocabSize) : p.zeros(vocabSize);
}
