/**
 * T5 (Raffel et al. 2020) and what followed it: T5 v1.1, FLAN-T5, mT5, ByT5, UMT5. Pre-norm with root mean square norms, no
 * biases, no positions in the embedding: attention scores, which are not scaled, get a learned bias by distance.
 * `"model_type": "t5"`, `"mt5"` or `"umt5"`; tensor names and fields of config.json are those of Hugging Face's modeling_t5.py.
 */

import { quote } from "../../errors";
import type { Activation, Norm, Ops, PositionBias } from "../../ops/ops";
import type { Tensor } from "../../tensor/tensor";
import { ConfigReader, MAX, MAX_SOURCE, MAX_TARGET } from "../config";
import { createStack, projectCross, projectLogits, range, applyNorm } from "../layers";
import type {
  CrossAttention,
  DecoderLayer,
  EncoderLayer,
  FeedForward,
  Head,
  Linear,
  SelfAttention,
  Stream,
} from "../layers";
import type { Capture, DecoderState, EncoderInput, Family, Model, ModelInfo } from "../model";
import type { Parameters } from "../parameters";
import { relativeBuckets } from "../positions";

type ModelType = "t5" | "mt5" | "umt5";

interface Config extends ModelInfo {
  width: number; // D
  heads: number; // H
  innerWidth: number; // I = H * Dh
  feedForwardWidth: number; // F
  encoderLayers: number;
  decoderLayers: number;
  activation: Activation;
  gated: boolean;
  buckets: number;
  farthest: number;
  normEps: number;
  /** Multiplies the logits. */
  outputScale: number;
  /** Whether each layer has its own bias by distance (UMT5), or all read the first one's. */
  biasPerLayer: boolean;
}

const ALIASES = {
  d_model: "hidden_size",
  num_heads: "num_attention_heads",
  num_layers: "num_hidden_layers",
  d_kv: "head_dim",
};

/** What config.json may leave out, by family. */
const DEFAULTS = {
  t5: { vocab: 32128, feedForward: 2048, layers: 6, heads: 8, proj: "relu" },
  mt5: { vocab: 250112, feedForward: 1024, layers: 8, heads: 6, proj: "gated-gelu" },
  umt5: { vocab: 250112, feedForward: 1024, layers: 8, heads: 6, proj: "gated-gelu" },
};

/** "relu", "gated-gelu", "gated-silu", ..: `gated-` and an activation; "gated-gelu" means the one by tanh. */
function readFeedForward(fields: Record<string, unknown>, config: ConfigReader, fallback: string) {
  const proj = fields.feed_forward_proj ?? fallback;
  const parts = typeof proj === "string" ? proj.split("-") : [];
  if (parts.length === 0 || parts.length > 2 || (parts.length === 2 && parts[0] !== "gated")) {
    throw config.invalid(`feed_forward_proj must be an activation or gated-ACTIVATION, not ${quote(proj)}`);
  }
  const named = new ConfigReader({ feed_forward_proj: proj === "gated-gelu" ? "gelu_new" : parts[parts.length - 1] });
  return {
    // Newer files say the same once more, and that is what counts.
    activation: config.has("dense_act_fn")
      ? config.activation("dense_act_fn", "")
      : named.activation("feed_forward_proj", ""),
    gated: config.boolean("is_gated_act", parts.length === 2),
  };
}

function readConfig(modelType: ModelType, fields: Record<string, unknown>): Config {
  const config = new ConfigReader(fields, ALIASES);
  const defaults = DEFAULTS[modelType];
  const vocabSize = config.integer("vocab_size", [1, MAX.vocabulary], defaults.vocab);
  const width = config.integer("d_model", [1, MAX.width], 512);
  const heads = config.integer("num_heads", [1, MAX.width], defaults.heads);
  const innerWidth = heads * config.integer("d_kv", [1, MAX.width], 64);
  const encoderLayers = config.integer("num_layers", [1, MAX.layers], defaults.layers);
  // T5Config counts the decoder's layers before it looks at `num_hidden_layers`, the other name of `num_layers`.
  const direct = new ConfigReader(fields).integer("num_layers", [1, MAX.layers], defaults.layers);
  const decoderLayers = config.integer("num_decoder_layers", [1, MAX.layers], direct);
  // Half of a side's buckets hold one distance each: at least one of them, and something beyond it.
  const buckets = config.integer("relative_attention_num_buckets", [4, MAX.width], 32);
  const farthest = config.integer("relative_attention_max_distance", [1, MAX.positions], 128);
  if (farthest <= Math.floor(buckets / 2)) {
    throw config.invalid(
      `relative_attention_max_distance ${farthest} is within the ${buckets} buckets' exact distances`,
    );
  }
  const padTokenId = config.spareToken("pad_token_id", vocabSize, 0);
  // A T5 of version 1.1 and later is known by its untied head, and so is an UMT5; new files say what follows from that.
  // Hugging Face's mT5 never scales.
  const scaled =
    modelType !== "mt5" && config.boolean("scale_decoder_outputs", config.boolean("tie_word_embeddings", true));
  return {
    modelType,
    sourceVocabSize: vocabSize,
    targetVocabSize: vocabSize,
    maxSourceLength: MAX_SOURCE,
    maxTargetLength: MAX_TARGET,
    padTokenId,
    eosTokenIds: config.spareTokens("eos_token_id", vocabSize, 1),
    decoderStartTokenId: config.spareToken("decoder_start_token_id", vocabSize, padTokenId),
    numDecoderLayers: decoderLayers,
    cacheWidth: 2 * innerWidth,
    width,
    heads,
    innerWidth,
    feedForwardWidth: config.integer("d_ff", [1, MAX.width], defaults.feedForward),
    encoderLayers,
    decoderLayers,
    ...readFeedForward(fields, config, defaults.proj),
    buckets,
    farthest,
    normEps: config.positive("layer_norm_epsilon", 1e-6),
    outputScale: scaled ? width ** -0.5 : 1,
    biasPerLayer: modelType === "umt5",
  };
}

// --- weights ---

function linear(p: Parameters, names: string[], outer: number, inner: number): Linear {
  const weights = names.map((name) => `${name}.weight`);
  return { weight: p.stacked(weights, [outer, inner]), bias: p.zeros(names.length * outer) };
}

function norm(p: Parameters, name: string, { width, normEps }: Config): Norm {
  return p.norm(`${name}.layer_norm`, width, normEps, "rms");
}

function selfAttention(p: Parameters, name: string, config: Config, positionBias: PositionBias): SelfAttention {
  const { width, innerWidth } = config;
  const [q, k, v, o] = ["q", "k", "v", "o"].map((letter) => `${name}.SelfAttention.${letter}`);
  return {
    queryKeyValue: linear(p, [q, k, v], innerWidth, width),
    output: linear(p, [o], width, innerWidth),
    norm: norm(p, name, config),
    positionBias,
  };
}

function crossAttention(p: Parameters, name: string, config: Config): CrossAttention {
  const { width, innerWidth } = config;
  const [q, k, v, o] = ["q", "k", "v", "o"].map((letter) => `${name}.EncDecAttention.${letter}`);
  return {
    query: linear(p, [q], innerWidth, width),
    keyValue: linear(p, [k, v], innerWidth, width),
    output: linear(p, [o], width, innerWidth),
    norm: norm(p, name, config),
  };
}

function feedForward(p: Parameters, name: string, config: Config): FeedForward {
  const { width, feedForwardWidth, gated } = config;
  const inner = (gated ? ["wi_0", "wi_1"] : ["wi"]).map((which) => `${name}.DenseReluDense.${which}`);
  return {
    inner: linear(p, inner, feedForwardWidth, width),
    gated,
    outer: linear(p, [`${name}.DenseReluDense.wo`], width, feedForwardWidth),
    norm: norm(p, name, config),
  };
}

/** The biases of a stack's layers: the first layer's table for all, or one each. */
function positionBiases(ops: Ops, p: Parameters, stack: "encoder" | "decoder", config: Config): PositionBias[] {
  const { heads, buckets: count, farthest, biasPerLayer } = config;
  const map = relativeBuckets(count, farthest, stack === "encoder");
  const buckets = ops.create([map.length], "u32", "weights", map);
  return range(stack === "encoder" ? config.encoderLayers : config.decoderLayers).map((i) => {
    const name = `${stack}.block.${biasPerLayer ? i : 0}.layer.0.SelfAttention.relative_attention_bias.weight`;
    return { table: p.tensor(name, [count, heads], "f32"), buckets };
  });
}

function encoderLayer(p: Parameters, name: string, config: Config, bias: PositionBias): EncoderLayer {
  return {
    selfAttention: selfAttention(p, `${name}.layer.0`, config, bias),
    feedForward: feedForward(p, `${name}.layer.1`, config),
  };
}

function decoderLayer(p: Parameters, name: string, config: Config, bias: PositionBias): DecoderLayer {
  return {
    selfAttention: selfAttention(p, `${name}.layer.0`, config, bias),
    crossAttention: crossAttention(p, `${name}.layer.1`, config),
    feedForward: feedForward(p, `${name}.layer.2`, config),
  };
}

/**
 * The three vocabulary matrices, (V, D) each. Hugging Face ties them whatever `tie_word_embeddings` says, but a matrix
 * that a checkpoint has of its own stays its own; that is how an untied head is stored. Where one is missing, the order
 * is that of `tie_weights` in modeling_utils.py, which goes through encoder, decoder and head.
 */
function vocabularies(p: Parameters, { width, sourceVocabSize }: Config) {
  p.setPrefix("transformer.");
  const shared = "shared.weight";
  const [encoder, decoder] = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"];
  const head = "lm_head.weight";
  p.ignore(shared, "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight");
  const matrix = (...names: string[]): Tensor => p.tensorOf(names, [sourceVocabSize, width]);
  return {
    source: matrix(encoder, shared, decoder, head),
    target: matrix(decoder, shared, encoder, head),
    head: matrix(head, shared, encoder, decoder),
  };
}

// --- forward ---

function build(modelType: ModelType, ops: Ops, fields: Record<string, unknown>, p: Parameters): Model {
  const config = readConfig(modelType, fields);
  const { width, normEps, outputScale } = config;
  const vocabulary = vocabularies(p, config);
  const head: Head = { weight: vocabulary.head, bias: p.zeros(config.targetVocabSize), scale: outputScale };
  const encoderBiases = positionBiases(ops, p, "encoder", config);
  const decoderBiases = positionBiases(ops, p, "decoder", config);
  const encoderLayers = encoderBiases.map((bias, i) => encoderLayer(p, `encoder.block.${i}`, config, bias));
  const decoderLayers = decoderBiases.map((bias, i) => decoderLayer(p, `decoder.block.${i}`, config, bias));
  const stack = (name: string) =>
    createStack(ops, {
      ...config,
      normFirst: true,
      attentionScale: 1,
      finalNorm: p.norm(`${name}.final_layer_norm`, width, normEps, "rms"),
    });
  const encoderStack = stack("encoder");
  const decoderStack = stack("decoder");

  function encode({ input: ids, mask }: EncoderInput, capture?: Capture): Tensor {
    const states = ops.embed(ids, vocabulary.source, { scale: 1 }); // (B, S, D)
    return applyNorm(ops, encoderStack.encoder({ states }, encoderLayers, mask, capture)); // (B, S, D)
  }

  function decoder(ids: Tensor, state: DecoderState, capture?: Capture): Stream {
    return decoderStack.decoder(
      { states: ops.embed(ids, vocabulary.target, { scale: 1 }) }, // (B, T, D)
      decoderLayers,
      state,
      capture,
    );
  }

  return {
    info: config,
    encode,
    projectCross: (states) => projectCross(ops, decoderLayers, states),
    decode: (ids, state, capture) => projectLogits(ops, decoder(ids, state, capture), head, capture), // (B, T, V)
    prefill: (ids, state) => void decoder(ids, state),
  };
}

const family = (modelType: ModelType): Family => ({
  info: (fields) => readConfig(modelType, fields),
  build: (ops, fields, p) => build(modelType, ops, fields, p),
});

export const t5 = family("t5");
export const mt5 = family("mt5");
export const umt5 = family("umt5");
