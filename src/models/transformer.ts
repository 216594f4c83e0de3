/**
 * The Transformer of "Attention Is All You Need" (Vaswani et al. 2017), as PyTorch's `nn.Transformer` defines it,
 * post-norm or pre-norm, from a `nn.Transformer` state dict. `"model_type": "transformer"` in config.json.
 *
 * Tensor names are torch's own; `src_embed.weight`, `tgt_embed.weight`, `generator.weight` (+ `.bias`) and learned
 * `src_pos.weight`, `tgt_pos.weight` come beside them. Reads from top to bottom: configuration, weights, forward.
 */

import type { Activation, Norm, Ops } from "../ops";
import type { Tensor } from "../tensor";
import { ConfigReader, MAX } from "./config";
import type { Capture, DecoderState, Family, Model, ModelInfo } from "./model";
import type { Parameters } from "./parameters";
import { sinusoidalPositions } from "./positions";

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

interface Linear {
  weight: Tensor; // (N, K)
  bias: Tensor; // (N)
}

interface Layer {
  queryKeyValue: Linear; // (3D, D)
  output: Linear; // (D, D)
  norm1: Norm;
  feedForward1: Linear; // (F, D)
  feedForward2: Linear; // (D, F)
  norm2: Norm;
}

interface DecoderLayer extends Layer {
  crossQuery: Linear; // (D, D)
  crossKeyValue: Linear; // (2D, D)
  crossOutput: Linear; // (D, D)
  norm3: Norm;
}

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

function layer(p: Parameters, name: string, { width, feedForwardWidth, normEps }: Config): Layer {
  return {
    queryKeyValue: packedRows(p, `${name}.self_attn`, width, 0, 3 * width),
    output: linear(p, `${name}.self_attn.out_proj`, width, width),
    norm1: p.norm(`${name}.norm1`, width, normEps),
    feedForward1: linear(p, `${name}.linear1`, feedForwardWidth, width),
    feedForward2: linear(p, `${name}.linear2`, width, feedForwardWidth),
    norm2: p.norm(`${name}.norm2`, width, normEps),
  };
}

function decoderLayer(p: Parameters, name: string, config: Config): DecoderLayer {
  const { width, normEps } = config;
  return {
    ...layer(p, name, config),
    crossQuery: packedRows(p, `${name}.multihead_attn`, width, 0, width),
    crossKeyValue: packedRows(p, `${name}.multihead_attn`, width, width, 2 * width),
    crossOutput: linear(p, `${name}.multihead_attn.out_proj`, width, width),
    norm3: p.norm(`${name}.norm3`, width, normEps),
  };
}

/** The three vocabulary matrices; with `tie_embeddings` any one of them may stand for those that are absent. */
function vocabularies(p: Parameters, { width, sourceVocabSize, targetVocabSize, tieEmbeddings }: Config) {
  const sizes = {
    "src_embed.weight": sourceVocabSize,
    "tgt_embed.weight": targetVocabSize,
    "generator.weight": targetVocabSize,
  };
  type Name = keyof typeof sizes;
  const loaded = new Map<Name, Tensor>();
  const matrix = (name: Name, ...standIns: Name[]): Tensor => {
    const found = [name, ...(tieEmbeddings ? standIns : [])].find((n) => p.has(n) && sizes[n] === sizes[name]) ?? name;
    const tensor = loaded.get(found) ?? p.tensor(found, [sizes[found], width]);
    loaded.set(found, tensor);
    return tensor;
  };
  return {
    source: matrix("src_embed.weight", "tgt_embed.weight", "generator.weight"), // (V, D)
    target: matrix("tgt_embed.weight", "generator.weight", "src_embed.weight"), // (V, D)
    output: {
      weight: matrix("generator.weight", "tgt_embed.weight", "src_embed.weight"), // (V, D)
      bias: p.bias("generator.bias", targetVocabSize),
    },
  };
}

/** Position tables, (P, D) each. A learned one has its length from the checkpoint where config.json gives none. */
function positions(ops: Ops, p: Parameters, config: Config): { source: Tensor; target: Tensor } {
  const { maxSourceLength, maxTargetLength, width } = config;
  if (config.learnedPositions) {
    return {
      source: p.tensor("src_pos.weight", [maxSourceLength, width]),
      target: p.tensor("tgt_pos.weight", [maxTargetLength, width]),
    };
  }
  const table = ops.create([maxSourceLength, width], "f32", "weights", sinusoidalPositions(maxSourceLength, width));
  return { source: table, target: table };
}

// --- forward ---

/**
 * The residual stream. Post-norm adds first and normalises the sum afterwards; instead of a dispatch of its
 * own that norm is handed on to the operations that read the sum.
 */
interface Stream {
  states: Tensor; // (B, T, D)
  norm?: Norm;
}

function build(ops: Ops, fields: Record<string, unknown>, p: Parameters): Model {
  const config = readConfig(fields);
  if (config.learnedPositions && (fields.max_position_embeddings ?? undefined) === undefined) {
    config.maxSourceLength = p.rowCount("src_pos.weight") ?? config.maxSourceLength;
    config.maxTargetLength = p.rowCount("tgt_pos.weight") ?? config.maxTargetLength;
  }
  const { heads, activation, normFirst } = config;
  const scale = config.scaleEmbedding ? Math.sqrt(config.width) : 1;
  const vocabulary = vocabularies(p, config);
  const position = positions(ops, p, config);
  const range = (n: number) => Array.from({ length: n }, (_, i) => i);
  const encoderLayers = range(config.encoderLayers).map((i) => layer(p, `encoder.layers.${i}`, config));
  const encoderNorm = p.norm("encoder.norm", config.width, config.normEps);
  const decoderLayers = range(config.decoderLayers).map((i) => decoderLayer(p, `decoder.layers.${i}`, config));
  const decoderNorm = p.norm("decoder.norm", config.width, config.normEps);

  /** x + f(norm(x)), or norm(x + f(x)): `f` reads its first argument and adds its result to its second. */
  function sublayer(x: Stream, norm: Norm, f: (input: Stream, residual: Stream) => Tensor): Stream {
    return normFirst ? { states: f({ states: x.states, norm }, x) } : { states: f(x, x), norm };
  }

  /** norm(x) w^T + bias, with the residual added where there is one. */
  function project(x: Stream, { weight, bias }: Linear, residual?: Stream): Tensor {
    return ops.linear(x.states, weight, {
      bias,
      norm: x.norm,
      residual: residual?.states,
      residualNorm: residual?.norm,
    });
  }

  /** Section 3.3: two linear maps with an activation between them. */
  function feedForward(x: Stream, { feedForward1, feedForward2 }: Layer, residual: Stream): Tensor {
    const { weight, bias } = feedForward1;
    const hidden = ops.linear(x.states, weight, { bias, norm: x.norm, activation }); // (B, T, F)
    return project({ states: hidden }, feedForward2, residual); // (B, T, D)
  }

  /** The stream with its pending norm applied. */
  function settled({ states, norm }: Stream): Tensor {
    return norm ? ops.layerNorm(states, norm) : states;
  }

  function encode(ids: Tensor, mask: Tensor, capture?: Capture): Tensor {
    let x: Stream = { states: ops.embed(ids, vocabulary.source, { scale, positions: position.source }) }; // (B, S, D)
    capture?.hiddenStates?.push(settled(x));
    for (const layer of encoderLayers) {
      x = sublayer(x, layer.norm1, (input, residual) => {
        const { weight, bias } = layer.queryKeyValue;
        const { query, cache } = ops.projectQueryKeyValue(input.states, weight, { bias, norm: input.norm });
        capture?.attentions?.push(ops.attentionWeights(query, cache, { heads, mask }));
        const context = ops.attention(query, cache, { heads, mask }); // (B, S, D)
        return project({ states: context }, layer.output, residual);
      });
      x = sublayer(x, layer.norm2, (input, residual) => feedForward(input, layer, residual));
      capture?.hiddenStates?.push(settled(x));
    }
    return ops.layerNorm(settled(x), encoderNorm); // (B, S, D)
  }

  function projectCross(encoderStates: Tensor): Tensor[] {
    return decoderLayers.map(({ crossKeyValue }) => project({ states: encoderStates }, crossKeyValue)); // (B, S, 2D)
  }

  function decode(ids: Tensor, state: DecoderState, capture?: Capture): Tensor {
    const { caches, cross, mask, position: offset, ancestors } = state;
    let x: Stream = { states: ops.embed(ids, vocabulary.target, { scale, positions: position.target, offset }) }; // (B, T, D)
    capture?.hiddenStates?.push(settled(x));
    for (const [i, layer] of decoderLayers.entries()) {
      x = sublayer(x, layer.norm1, (input, residual) => {
        const { weight, bias } = layer.queryKeyValue;
        const cache = caches[i]; // (B, C, 2D)
        const { query } = ops.projectQueryKeyValue(input.states, weight, { bias, norm: input.norm, cache, offset });
        capture?.attentions?.push(ops.attentionWeights(query, cache, { heads, causalFrom: offset }));
        const context = ops.attention(query, cache, { heads, causalFrom: offset, ancestors }); // (B, T, D)
        return project({ states: context }, layer.output, residual);
      });
      x = sublayer(x, layer.norm2, (input, residual) => {
        const query = project(input, layer.crossQuery); // (B, T, D)
        capture?.crossAttentions?.push(ops.attentionWeights(query, cross[i], { heads, mask }));
        const context = ops.attention(query, cross[i], { heads, mask }); // (B, T, D)
        return project({ states: context }, layer.crossOutput, residual);
      });
      x = sublayer(x, layer.norm3, (input, residual) => feedForward(input, layer, residual));
      capture?.hiddenStates?.push(settled(x));
    }
    return project({ states: settled(x), norm: decoderNorm }, vocabulary.output); // (B, T, V)
  }

  return { info: config, encode, projectCross, decode };
}

export const transformer: Family = { info: readConfig, build };
