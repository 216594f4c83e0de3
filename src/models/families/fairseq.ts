/**
 * The families that came from fairseq. Hugging Face gave them the same fields of config.json, the same tensor names and
 * the same forward pass. What differs is data: a `FairseqTable`. A family's file is its table.
 */

import { ModelError } from "../../errors";
import type { Activation, Norm, Ops } from "../../ops/ops";
import type { Tensor } from "../../tensor/tensor";
import { ConfigReader, MAX, MAX_SOURCE, MAX_TARGET } from "../config";
import { applyNorm, createStack, notePositions, projectCross, projectLogits, type Stream } from "../layers";
import type { Capture, DecoderState, EncoderInput, Family, Model, ModelInfo } from "../model";
import type { Parameters } from "../parameters";
import { ALIASES, allLayers, layerNorm, readStack, type Stack } from "./bart-layers";
import {
  finalLogitsBias,
  positionTables,
  PREFIX,
  separateVocabularies,
  sharedVocabulary,
  type Positions,
  type PositionTable,
} from "./fairseq-weights";

/** What config.json may leave out, and what then counts: the defaults of the family's configuration class. */
interface Defaults {
  vocab_size: number;
  d_model: number;
  encoder_layers: number;
  decoder_layers: number;
  /** Of the encoder and of the decoder. */
  attention_heads: number;
  ffn_dim: number;
  max_position_embeddings: number;
  activation_function: string;
  scale_embedding: boolean;
  pad_token_id: number;
  eos_token_id: number;
  /** Absent: `bos_token_id`, which is where Hugging Face's generate looks next. */
  decoder_start_token_id?: number;
}

/** BART's, whose configuration class the others were copied from. */
const BART_DEFAULTS = {
  d_model: 1024,
  encoder_layers: 12,
  decoder_layers: 12,
  attention_heads: 16,
  ffn_dim: 4096,
  max_position_embeddings: 1024,
  activation_function: "gelu",
  scale_embedding: false,
};

/** Before the positions, the norm is that of the embedding as it is stored: `scale_embedding` does not count there. */
type EmbeddingNorm = "before positions" | "after positions";

export interface FairseqTable {
  modelType: string;
  defaults: Partial<Defaults> & Omit<Defaults, keyof typeof BART_DEFAULTS>;
  positions: Positions;
  /** Of the layers: norm(x + f(x)), or x + f(norm(x)) with a norm at the end of the stack. */
  norms: "post" | "pre and final";
  /** `layernorm_embedding` of each stack. */
  embeddingNorm?: { source: EmbeddingNorm; target: EmbeddingNorm };
  /** Whether `final_logits_bias` of the checkpoint is added to the logits; true where absent. */
  logitsBias?: boolean;
  /**
   * The embedding that is also the head where neither `lm_head` nor `shared` is stored: the one that comes first in
   * `_tied_weights_keys` of the model class. The decoder's where absent.
   */
  headOf?: "encoder" | "decoder";
  /** `share_encoder_decoder_embeddings: false` and `decoder_vocab_size` make it two vocabularies. */
  mayHaveTwoVocabularies?: boolean;
  /** Fields of config.json that may only be false or absent, with what they would ask for. */
  unsupported?: Readonly<Record<string, string>>;
}

// --- configuration ---

export interface FairseqConfig extends ModelInfo {
  width: number; // D
  encoder: Stack;
  decoder: Stack;
  activation: Activation;
  /** What embeddings are multiplied with. */
  scale: number;
  /** Rows of a table of positions. */
  maxPositions: number;
  /** Whether one vocabulary matrix may stand for another, beyond encoder and decoder sharing theirs. */
  tied: boolean;
  /** One vocabulary for source and target. */
  shared: boolean;
}

function readConfig(table: FairseqTable, fields: Record<string, unknown>): FairseqConfig {
  const config = new ConfigReader(fields, ALIASES);
  const defaults: Defaults = { ...BART_DEFAULTS, ...table.defaults };
  for (const [name, what] of Object.entries(table.unsupported ?? {})) {
    if (!config.boolean(name, false)) continue;
    throw new ModelError("unsupported_model", `config.json: ${name} is true: ${what} are not supported.`);
  }
  const width = config.integer("d_model", [1, MAX.width], defaults.d_model);
  if (table.positions.kind === "sinusoids of tokens" && width < 4) {
    throw config.invalid(`sinusoidal positions need a d_model of at least 4, not ${width}`);
  }
  const stack = (side: "encoder" | "decoder"): Stack =>
    readStack(config, side, width, {
      layers: defaults[`${side}_layers`],
      heads: defaults.attention_heads,
      feedForwardWidth: defaults.ffn_dim,
    });
  const [encoder, decoder] = [stack("encoder"), stack("decoder")];
  const shared = !table.mayHaveTwoVocabularies || config.boolean("share_encoder_decoder_embeddings", true);
  const source = config.integer("vocab_size", [1, MAX.vocabulary], defaults.vocab_size);
  const target = shared ? source : config.integer("decoder_vocab_size", [1, MAX.vocabulary], source);
  const maxPositions = config.integer("max_position_embeddings", [1, MAX.positions], defaults.max_position_embeddings);
  const countsTokens = table.positions.kind === "sinusoids of tokens";
  // torch counts a padding_idx below 0 from the end; where positions don't depend on it, nothing else does.
  const noPad = config.saysNone("pad_token_id") && !countsTokens;
  return {
    modelType: table.modelType,
    sourceVocabSize: source,
    targetVocabSize: target,
    // These sinusoids go on beyond `max_position_embeddings`.
    maxSourceLength: countsTokens ? Math.max(maxPositions, MAX_SOURCE) : maxPositions,
    maxTargetLength: countsTokens ? Math.max(maxPositions, MAX_TARGET) : maxPositions,
    maxPositions,
    padTokenId: noPad ? 0 : config.token("pad_token_id", Math.max(source, target), defaults.pad_token_id),
    eosTokenIds: config.spareTokens("eos_token_id", target, defaults.eos_token_id),
    decoderStartTokenId: config.spareToken(
      "decoder_start_token_id",
      target,
      defaults.decoder_start_token_id ?? config.spareToken("bos_token_id", target, 0),
    ),
    numDecoderLayers: decoder.layers,
    cacheWidth: 2 * width,
    width,
    encoder,
    decoder,
    activation: config.activation("activation_function", defaults.activation_function),
    scale: config.boolean("scale_embedding", defaults.scale_embedding) ? Math.sqrt(width) : 1,
    tied: config.boolean("tie_word_embeddings", true),
    shared,
  };
}

// --- forward ---

function build(table: FairseqTable, ops: Ops, fields: Record<string, unknown>, p: Parameters): Model {
  const config = readConfig(table, fields);
  const { activation, scale, width, targetVocabSize } = config;
  p.setPrefix(PREFIX);
  const prefix = PREFIX;
  const { logitsBias = true, headOf = "decoder" } = table;
  const vocabulary = config.shared
    ? sharedVocabulary(p, prefix, config, headOf)
    : separateVocabularies(p, prefix, config);
  const bias = logitsBias ? finalLogitsBias(p, targetVocabSize) : p.zeros(targetVocabSize);
  const head = { weight: vocabulary.head, bias };
  const positions = positionTables(ops, p, prefix, table.positions, config);
  const padTokenId = table.positions.kind === "sinusoids of tokens" ? config.padTokenId : undefined;
  p.ignore(`${prefix}encoder.version`, `${prefix}decoder.version`); // fairseq's format number
  const { encoderLayers, decoderLayers } = allLayers(p, prefix, config);
  const normFirst = table.norms === "pre and final";
  const stackOf = (side: "encoder" | "decoder") =>
    createStack(ops, {
      heads: config[side].heads,
      activation,
      normFirst,
      finalNorm: normFirst ? layerNorm(p, `${prefix}${side}.layer_norm`, width) : undefined,
    });
  const [encoderStack, decoderStack] = [stackOf("encoder"), stackOf("decoder")];
  const embedSource = embedding("encoder", vocabulary.source, positions.source, table.embeddingNorm?.source);
  const embedTarget = embedding("decoder", vocabulary.target, positions.target, table.embeddingNorm?.target);

  /** ids (B, T), positions counted from `offset` (B) on, `length` of them at most -> (B, T, D) */
  function embedding(side: string, matrix: Tensor, table: PositionTable, normed?: EmbeddingNorm) {
    const norm: Norm | undefined = normed && layerNorm(p, `${prefix}${side}.layernorm_embedding`, width);
    // Pre-norm layers read it twice, without the norm of their own and with it, so it is not left pending there.
    const pending = normed === "after positions" && !normFirst ? norm : undefined;
    const first = normed === "before positions" ? { scale: 1, norm } : { scale, norm: pending ? undefined : norm };
    const normLast = normed === "after positions";
    return (ids: Tensor, length: number, offset?: Tensor): Stream => ({
      states: ops.embed(ids, matrix, { ...first, normLast, positions: table(length), padTokenId, offset }),
      norm: pending,
    });
  }

  function encode({ input: ids, mask }: EncoderInput, capture?: Capture): Tensor {
    notePositions(positions.source(ids.shape[1]), capture);
    return applyNorm(ops, encoderStack.encoder(embedSource(ids, ids.shape[1]), encoderLayers, mask, capture)); // (B, S, D)
  }

  function decoder(ids: Tensor, state: DecoderState, capture?: Capture): Stream {
    const capacity = state.caches[0].shape[1];
    notePositions(positions.target(capacity), capture);
    return decoderStack.decoder(embedTarget(ids, capacity, state.position), decoderLayers, state, capture); // (B, T, D)
  }

  return {
    info: config,
    encode,
    projectCross: (states) => projectCross(ops, decoderLayers, states),
    decode: (ids, state, capture) => projectLogits(ops, decoder(ids, state, capture), head, capture), // (B, T, V)
    prefill: (ids, state) => void decoder(ids, state),
  };
}

export const fairseqFamily = (table: FairseqTable): Family => ({
  info: (fields) => readConfig(table, fields),
  build: (ops, fields, p) => build(table, ops, fields, p),
});
