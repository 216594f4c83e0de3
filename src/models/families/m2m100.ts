/**
 * M2M100 (Fan et al. 2020) and NLLB (Costa-jussà et al. 2022): pre-norm, with fairseq's sinusoidal positions, which
 * count tokens and leave padding out. `"model_type": "m2m_100"`; tensor names and fields of config.json are those of
 * Hugging Face's modeling_m2m_100.py. The language to translate into is forced as the first token, by generation.
 */

import type { Ops } from "../../ops/ops";
import type { Tensor } from "../../tensor/tensor";
import { MAX } from "../config";
import { fairseqLayers, fairseqNorm, fairseqPrefix, fairseqReader } from "./fairseq";
import { readFairseqConfig, sharedVocabulary, type FairseqConfig } from "./fairseq";
import { createStack, project, projectCross, applyNorm } from "../layers";
import type { Capture, DecoderState, Family, Model } from "../model";
import type { Parameters } from "../parameters";
import { fairseqSinusoids } from "../positions";

function readConfig(fields: Record<string, unknown>): FairseqConfig {
  const config = fairseqReader(fields);
  const defaults = {
    vocab_size: 128112,
    activation_function: "relu",
    scale_embedding: true,
    pad_token_id: 1,
    eos_token_id: 2,
    decoder_start_token_id: 2,
  };
  const size = config.integer("vocab_size", [1, MAX.vocabulary], defaults.vocab_size);
  const read = readFairseqConfig("m2m_100", config, defaults, { source: size, target: size });
  if (read.width < 4) throw config.invalid(`sinusoidal positions need a d_model of at least 4, not ${read.width}`);
  return read;
}

function build(ops: Ops, fields: Record<string, unknown>, p: Parameters): Model {
  const config = readConfig(fields);
  const { activation, scale, width, padTokenId } = config;
  const prefix = fairseqPrefix(p);
  const vocabulary = sharedVocabulary(p, prefix, config);
  const head = { weight: vocabulary.head, bias: p.zeros(config.targetVocabSize) };
  // Row padTokenId is that of padding, the first token has the next one.
  const rows = padTokenId + 1 + config.maxSourceLength;
  const positions = ops.create([rows, width], "f32", "weights", fairseqSinusoids(rows, width, padTokenId)); // (P, D)
  p.ignore(`${prefix}encoder.embed_positions.weights`, `${prefix}decoder.embed_positions.weights`);
  const { encoderLayers, decoderLayers } = fairseqLayers(p, prefix, config);
  const encoderNorm = fairseqNorm(p, `${prefix}encoder.layer_norm`, width);
  const decoderNorm = fairseqNorm(p, `${prefix}decoder.layer_norm`, width);
  const stack = { activation, normFirst: true };
  const encoderStack = createStack(ops, { ...stack, heads: config.encoder.heads, finalNorm: encoderNorm });
  const decoderStack = createStack(ops, { ...stack, heads: config.decoder.heads, finalNorm: decoderNorm });

  function encode(ids: Tensor, mask: Tensor, capture?: Capture): Tensor {
    const states = ops.embed(ids, vocabulary.source, { scale, positions, padTokenId }); // (B, S, D)
    return applyNorm(ops, encoderStack.encoder({ states }, encoderLayers, mask, capture)); // (B, S, D)
  }

  function decode(ids: Tensor, state: DecoderState, capture?: Capture): Tensor {
    const { position: offset } = state;
    const states = ops.embed(ids, vocabulary.target, { scale, positions, padTokenId, offset }); // (B, T, D)
    const x = decoderStack.decoder({ states }, decoderLayers, state, capture); // (B, T, D)
    return project(ops, x, head); // (B, T, V)
  }

  return { info: config, encode, projectCross: (states) => projectCross(ops, decoderLayers, states), decode };
}

export const m2m100: Family = { info: readConfig, build };
