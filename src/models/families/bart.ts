/**
 * BART (Lewis et al. 2019) and mBART (Liu et al. 2020): learned positions and a norm over the embedding; BART is
 * post-norm, mBART pre-norm with a norm at the end of each stack. `"model_type": "bart"` or `"mbart"`; tensor names and
 * fields of config.json are those of Hugging Face's modeling_bart.py and modeling_mbart.py.
 */

import type { Ops } from "../../ops/ops";
import type { Tensor } from "../../tensor/tensor";
import { MAX } from "../config";
import { fairseqLayers, fairseqNorm, fairseqPrefix, fairseqReader, finalLogitsBias } from "./fairseq";
import { readFairseqConfig, sharedVocabulary, type FairseqConfig } from "./fairseq";
import { createStack, project, projectCross, applyNorm } from "../layers";
import type { Capture, DecoderState, Family, Model } from "../model";
import type { Parameters } from "../parameters";

type ModelType = "bart" | "mbart";

function readConfig(modelType: ModelType, fields: Record<string, unknown>): FairseqConfig {
  const config = fairseqReader(fields);
  const defaults = {
    vocab_size: 50265,
    activation_function: "gelu",
    scale_embedding: false,
    pad_token_id: 1,
    eos_token_id: 2,
    // mBART starts with the token of a language, which is set for each model or call.
    decoder_start_token_id: modelType === "bart" ? 2 : undefined,
  };
  const size = config.integer("vocab_size", [1, MAX.vocabulary], defaults.vocab_size);
  return readFairseqConfig(modelType, config, defaults, { source: size, target: size });
}

/** Fairseq numbers positions from padding_idx + 1 = 2; the first two rows of a table are never read. */
const FIRST_POSITION = 2;

/** What one stack has beside its layers. */
function ends(p: Parameters, name: string, modelType: ModelType, { maxSourceLength, width }: FairseqConfig) {
  const rows = maxSourceLength + FIRST_POSITION;
  return {
    positions: p.rows(`${name}.embed_positions.weight`, [rows, width], FIRST_POSITION, maxSourceLength, "f32"), // (P, D)
    embeddingNorm: fairseqNorm(p, `${name}.layernorm_embedding`, width),
    finalNorm: modelType === "mbart" ? fairseqNorm(p, `${name}.layer_norm`, width) : undefined,
  };
}

function build(modelType: ModelType, ops: Ops, fields: Record<string, unknown>, p: Parameters): Model {
  const config = readConfig(modelType, fields);
  const { activation, scale, targetVocabSize } = config;
  const normFirst = modelType === "mbart";
  const prefix = fairseqPrefix(p);
  const vocabulary = sharedVocabulary(p, prefix, config);
  const head = { weight: vocabulary.head, bias: finalLogitsBias(p, targetVocabSize) };
  const source = ends(p, `${prefix}encoder`, modelType, config);
  const target = ends(p, `${prefix}decoder`, modelType, config);
  const { encoderLayers, decoderLayers } = fairseqLayers(p, prefix, config);
  const encoderStack = createStack(ops, { ...source, heads: config.encoder.heads, activation, normFirst });
  const decoderStack = createStack(ops, { ...target, heads: config.decoder.heads, activation, normFirst });

  function encode(ids: Tensor, mask: Tensor, capture?: Capture): Tensor {
    const states = ops.embed(ids, vocabulary.source, { scale, positions: source.positions }); // (B, S, D)
    const x = encoderStack.encoder({ states, norm: source.embeddingNorm }, encoderLayers, mask, capture);
    return applyNorm(ops, x); // (B, S, D)
  }

  function decode(ids: Tensor, state: DecoderState, capture?: Capture): Tensor {
    const { position: offset } = state;
    const states = ops.embed(ids, vocabulary.target, { scale, positions: target.positions, offset }); // (B, T, D)
    const x = decoderStack.decoder({ states, norm: target.embeddingNorm }, decoderLayers, state, capture);
    return project(ops, x, head); // (B, T, V)
  }

  return { info: config, encode, projectCross: (states) => projectCross(ops, decoderLayers, states), decode };
}

const family = (modelType: ModelType): Family => ({
  info: (fields) => readConfig(modelType, fields),
  build: (ops, fields, p) => build(modelType, ops, fields, p),
});

export const bart = family("bart");
export const mbart = family("mbart");
