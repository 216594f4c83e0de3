/**
 * Marian (Junczys-Dowmunt et al. 2018), the architecture of OPUS-MT: the paper's Transformer, post-norm, with sinusoidal
 * positions, a bias on the logits, and one vocabulary or two. `"model_type": "marian"`; tensor names and fields of
 * config.json are those of Hugging Face's modeling_marian.py.
 */

import type { Ops } from "../../ops/ops";
import type { Tensor } from "../../tensor/tensor";
import { MAX } from "../config";
import { fairseqLayers, fairseqPrefix, fairseqReader, finalLogitsBias, readFairseqConfig } from "./fairseq";
import { sharedVocabulary, type FairseqConfig } from "./fairseq";
import { createStack, project, projectCross, applyNorm } from "../layers";
import type { Capture, DecoderState, Family, Model } from "../model";
import type { Parameters } from "../parameters";
import { sinusoidsInHalves } from "../positions";

interface Config extends FairseqConfig {
  /** One vocabulary for source and target. */
  shared: boolean;
}

function readConfig(fields: Record<string, unknown>): Config {
  const config = fairseqReader(fields);
  const defaults = {
    vocab_size: 58101,
    activation_function: "gelu",
    scale_embedding: false,
    pad_token_id: 58100,
    eos_token_id: 0,
    decoder_start_token_id: 58100,
  };
  const shared = config.boolean("share_encoder_decoder_embeddings", true);
  const source = config.integer("vocab_size", [1, MAX.vocabulary], defaults.vocab_size);
  const target = shared ? source : config.integer("decoder_vocab_size", [1, MAX.vocabulary], source);
  return { ...readFairseqConfig("marian", config, defaults, { source, target }), shared };
}

// --- weights ---

/** With two vocabularies the decoder's embedding may be tied to the projection, as in section 3.4 of the paper. */
function separateVocabularies(p: Parameters, prefix: string, config: Config) {
  const { width, sourceVocabSize, targetVocabSize, tied } = config;
  const names = [`${prefix}decoder.embed_tokens.weight`, "lm_head.weight"];
  const target = (own: string): Tensor => p.tensorOf([own, ...(tied ? names : [])], [targetVocabSize, width]);
  return {
    source: p.tensor(`${prefix}encoder.embed_tokens.weight`, [sourceVocabSize, width]), // (V, D)
    target: target(names[0]), // (V, D)
    head: target(names[1]), // (V, D)
  };
}

/** (P, D): the checkpoint's where it has them, since those may be rounded to float16. */
function positions(ops: Ops, p: Parameters, name: string, { maxSourceLength, width }: Config): Tensor {
  const shape = [maxSourceLength, width];
  if (p.has(name)) return p.tensor(name, shape, "f32");
  return ops.create(shape, "f32", "weights", sinusoidsInHalves(maxSourceLength, width));
}

// --- forward ---

function build(ops: Ops, fields: Record<string, unknown>, p: Parameters): Model {
  const config = readConfig(fields);
  const { activation, scale, targetVocabSize } = config;
  const prefix = fairseqPrefix(p);
  const vocabulary = (config.shared ? sharedVocabulary : separateVocabularies)(p, prefix, config);
  const head = { weight: vocabulary.head, bias: finalLogitsBias(p, targetVocabSize) };
  const sourcePositions = positions(ops, p, `${prefix}encoder.embed_positions.weight`, config);
  const targetPositions = positions(ops, p, `${prefix}decoder.embed_positions.weight`, config);
  const { encoderLayers, decoderLayers } = fairseqLayers(p, prefix, config);
  const encoderStack = createStack(ops, { heads: config.encoder.heads, activation, normFirst: false });
  const decoderStack = createStack(ops, { heads: config.decoder.heads, activation, normFirst: false });

  function encode(ids: Tensor, mask: Tensor, capture?: Capture): Tensor {
    const states = ops.embed(ids, vocabulary.source, { scale, positions: sourcePositions }); // (B, S, D)
    return applyNorm(ops, encoderStack.encoder({ states }, encoderLayers, mask, capture)); // (B, S, D)
  }

  function decode(ids: Tensor, state: DecoderState, capture?: Capture): Tensor {
    const { position: offset } = state;
    const states = ops.embed(ids, vocabulary.target, { scale, positions: targetPositions, offset }); // (B, T, D)
    const x = decoderStack.decoder({ states }, decoderLayers, state, capture); // (B, T, D)
    return project(ops, x, head); // (B, T, V)
  }

  return { info: config, encode, projectCross: (states) => projectCross(ops, decoderLayers, states), decode };
}

export const marian: Family = { info: readConfig, build };
