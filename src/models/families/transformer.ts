/**
 * The Transformer of "Attention Is All You Need" (Vaswani et al. 2017), as PyTorch's `nn.Transformer` defines it,
 * post-norm or pre-norm, from a `nn.Transformer` state dict. `"model_type": "transformer"` in config.json.
 *
 * Tensor names are torch's own; `src_embed.weight`, `tgt_embed.weight`, `generator.weight` (+ `.bias`) and learned
 * `src_pos.weight`, `tgt_pos.weight` come beside them. Reads from top to bottom: configuration, weights, forward.
 */

import type { Activation, Ops } from "../../ops/ops";
import type { Tensor } from "../../tensor/tensor";
import { ConfigReader, MAX } from "../config";
import { createStack, projectCross, projectLogits, range, applyNorm, notePositions } from "../layers";
import type { CrossAttention, DecoderLayer, EncoderLayer, FeedForward, Linear, SelfAttention, Stream } from "../layers";
import type { Capture, DecoderState, EncoderInput, Family, Model, ModelInfo } from "../model";
import type { Parameters } from "../parameters";
import { sinusoidalPositions } from "../positions";

interface Config extends ModelInfo {
  width: number; // D
  heads: number; // H
  encoderLayers: number;
  decoderLayers: number;
  feedForwardWidth: number; // F
  activation: Activation;
  normFirst: boolean;
  normEps: number;
  learnedPositions: boolean;
  scaleEmbedding: boolean;
  tieEmbeddings: boolean;
}

/** Sinusoidal positions have no end of their own; without `max_position_embeddings` the tables stop here. */
const DEFAULT_MAX_POSITIONS = 1024;
/** Elements of a sinusoidal table: 256 MiB. */
const MAX_TABLE = 1 << 26;

function readConfig(fields: Record<string, unknown>): Config {
  const config = new ConfigReader(fields);
  const width = config.integer("d_model", [1, MAX.width]);
  const heads = config.integer("nhead", [1, MAX.width]);
  if (width % heads !== 0) throw config.invalid(`d_model ${width} is not a multiple of nhead ${heads}`);
  const sourceVocabSize = config.integer("src_vocab_size", [1, MAX.vocabulary]);
  const targetVocabSize = config.integer("tgt_vocab_size", [1, MAX.vocabulary]);
  const learnedPositions = config.oneOf("position", ["sinusoidal", "learned"], "sinusoidal") === "learned";
  if (!learnedPositions && width % 2 !== 0)
    throw config.invalid(`sinusoidal positions need an even d_model, not ${width}`);
  const activation = config.oneOf("activation", ["relu", "gelu", "silu", "swish"], "relu");
  const maxPositions = config.integer("max_position_embeddings", [1, MAX.positions], DEFAULT_MAX_POSITIONS);
  if (!learnedPositions && maxPositions * width > MAX_TABLE) {
    throw config.invalid(`max_position_embeddings ${maxPositions} times d_model ${width} is too large a table`);
  }
  const numDecoderLayers = config.integer("num_decoder_layers", [1, MAX.layers]);
  return {
    modelType: "transformer",
    sourceVocabSize,
    targetVocabSize,
    maxSourceLength: maxPositions,
    maxTargetLength: maxPositions,
    padTokenId: config.token("pad_token_id", Math.max(sourceVocabSize, targetVocabSize)),
    eosTokenIds: config.tokens("eos_token_id", targetVocabSize),
    decoderStartTokenId: config.token("decoder_start_token_id", targetVocabSize),
    numDecoderLayers,
    cacheWidth: 2 * width,
    width,
    heads,
    encoderLayers: config.integer("num_encoder_layers", [1, MAX.layers]),
    decoderLayers: numDecoderLayers,
    feedForwardWidth: config.integer("dim_feedforward", [1, MAX.width]),
    activation: activation === "swish" ? "silu" : activation,
    normFirst: config.boolean("norm_first", false),
    normEps: config.positive("layer_norm_eps", 1e-5),
    learnedPositions,
    scaleEmbedding: config.boolean("scale_embedding", true),
    tieEmbeddings: config.boolean("tie_embeddings", false),
  };
}

// --- weights ---

function linear(p: Parameters, name: string, outer: number, inner: number): Linear {
  return { weight: p.tensor(`${name}.weight`, [outer, inner]), bias: p.bias(`${name}.bias`, outer) };
}

/** Rows `from` .. of torch's packed query, key and value projection. */
function packedRows(p: Parameters, name: string, width: number, from: number, rows: number): Linear {
  return {
    weight: p.rows(`${name}.in_proj_weight`, [3 * width, width], from, rows),
    bias: p.bias(`${name}.in_proj_bias`, 3 * width, from, rows),
  };
}

function selfAttention(p: Parameters, name: string, { width, normEps }: Config): SelfAttention {
  return {
    queryKeyValue: packedRows(p, `${name}.self_attn`, width, 0, 3 * width),
    output: linear(p, `${name}.self_attn.out_proj`, width, width),
    norm: p.norm(`${name}.norm1`, width, normEps),
  };
}

function crossAttention(p: Parameters, name: string, { width, normEps }: Config): CrossAttention {
  return {
    query: packedRows(p, `${name}.multihead_attn`, width, 0, width),
    keyValue: packedRows(p, `${name}.multihead_attn`, width, width, 2 * width),
    output: linear(p, `${name}.multihead_attn.out_proj`, width, width),
    norm: p.norm(`${name}.norm2`, width, normEps),
  };
}

function feedForward(p: Parameters, name: string, norm: string, config: Config): FeedForward {
  const { width, feedForwardWidth, normEps } = config;
  return {
    inner: linear(p, `${name}.linear1`, feedForwardWidth, width),
    outer: linear(p, `${name}.linear2`, width, feedForwardWidth),
    norm: p.norm(`${name}.${norm}`, width, normEps),
  };
}

function encoderLayer(p: Parameters, name: string, config: Config): EncoderLayer {
  return { selfAttention: selfAttention(p, name, config), feedForward: feedForward(p, name, "norm2", config) };
}

function decoderLayer(p: Parameters, name: string, config: Config): DecoderLayer {
  return {
    selfAttention: selfAttention(p, name, config),
    crossAttention: crossAttention(p, name, config),
    feedForward: feedForward(p, name, "norm3", config),
  };
}

/** The three vocabulary matrices, (V, D) each; with `tie_embeddings` any one may stand for those that are absent. */
function vocabularies(p: Parameters, { width, sourceVocabSize, targetVocabSize, tieEmbeddings }: Config) {
  const sizes = {
    "src_embed.weight": sourceVocabSize,
    "tgt_embed.weight": targetVocabSize,
    "generator.weight": targetVocabSize,
  };
  type Name = keyof typeof sizes;
  const matrix = (name: Name, ...standIns: Name[]): Tensor => {
    const tied = standIns.filter((standIn) => tieEmbeddings && sizes[standIn] === sizes[name]);
    return p.tensorOf([name, ...tied], [sizes[name], width]);
  };
  return {
    source: matrix("src_embed.weight", "tgt_embed.weight", "generator.weight"),
    target: matrix("tgt_embed.weight", "generator.weight", "src_embed.weight"),
    output: {
      weight: matrix("generator.weight", "tgt_embed.weight", "src_embed.weight"),
      bias: p.has("generator.bias")
        ? p.logitsBias("generator.bias", targetVocabSize, [targetVocabSize])
        : p.zeros(targetVocabSize),
    },
  };
}

/** Position tables, (P, D) each. A learned one has its length from the checkpoint where config.json gives none. */
function positions(ops: Ops, p: Parameters, config: Config): { source: Tensor; target: Tensor } {
  const { maxSourceLength, maxTargetLength, width } = config;
  if (config.learnedPositions) {
    return {
      source: p.tensor("src_pos.weight", [maxSourceLength, width], "f32"),
      target: p.tensor("tgt_pos.weight", [maxTargetLength, width], "f32"),
    };
  }
  const table = ops.create([maxSourceLength, width], "f32", "weights", sinusoidalPositions(maxSourceLength, width));
  return { source: table, target: table };
}

// --- forward ---

function build(ops: Ops, fields: Record<string, unknown>, p: Parameters): Model {
  const config = readConfig(fields);
  if (config.learnedPositions && (fields.max_position_embeddings ?? undefined) === undefined) {
    config.maxSourceLength = p.rowCount("src_pos.weight") ?? config.maxSourceLength;
    config.maxTargetLength = p.rowCount("tgt_pos.weight") ?? config.maxTargetLength;
  }
  const scale = config.scaleEmbedding ? Math.sqrt(config.width) : 1;
  const vocabulary = vocabularies(p, config);
  const position = positions(ops, p, config);
  const encoderLayers = range(config.encoderLayers).map((i) => encoderLayer(p, `encoder.layers.${i}`, config));
  const encoderStack = createStack(ops, { ...config, finalNorm: p.norm("encoder.norm", config.width, config.normEps) });
  const decoderLayers = range(config.decoderLayers).map((i) => decoderLayer(p, `decoder.layers.${i}`, config));
  const decoderStack = createStack(ops, { ...config, finalNorm: p.norm("decoder.norm", config.width, config.normEps) });

  function encode({ input: ids, mask }: EncoderInput, capture?: Capture): Tensor {
    notePositions(position.source, capture);
    const states = ops.embed(ids, vocabulary.source, { scale, positions: position.source }); // (B, S, D)
    return applyNorm(ops, encoderStack.encoder({ states }, encoderLayers, mask, capture)); // (B, S, D)
  }

  function decoder(ids: Tensor, state: DecoderState, capture?: Capture): Stream {
    const { position: offset } = state;
    notePositions(position.target, capture);
    const states = ops.embed(ids, vocabulary.target, { scale, positions: position.target, offset }); // (B, T, D)
    return decoderStack.decoder({ states }, decoderLayers, state, capture); // (B, T, D)
  }

  return {
    info: config,
    encode,
    projectCross: (states) => projectCross(ops, decoderLayers, states),
    decode: (ids, state, capture) => projectLogits(ops, decoder(ids, state, capture), vocabulary.output, capture), // (B, T, V)
    prefill: (ids, state) => void decoder(ids, state),
  };
}

export const transformer: Family = { strict: true, info: readConfig, build };
