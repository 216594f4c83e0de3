/**
 * Whisper (Radford et al. 2022): log-mel frames in, tokens out. Two convolutions take the place of the encoder's embedding, and
 * the second halves the number of frames. Then an encoder and a decoder as the paper has them: pre-norm, learned positions.
 * `"model_type": "whisper"`; tensor names and fields of config.json are those of Hugging Face's modeling_whisper.py.
 */

import type { Activation, Ops } from "../../ops/ops";
import type { Tensor } from "../../tensor/tensor";
import { ConfigReader, MAX } from "../config";
import { applyNorm, createStack, notePositions, projectCross, projectLogits, type Head, type Stream } from "../layers";
import type { Capture, DecoderState, EncoderInput, Family, Model, ModelInfo } from "../model";
import type { Parameters } from "../parameters";
import { convolution } from "./convolution";
import { ALIASES, allLayers, layerNorm, readStack, type Stack } from "./bart-layers";

interface Config extends ModelInfo {
  width: number; // D
  encoder: Stack;
  decoder: Stack;
  activation: Activation;
  /** Channels of the log-mel spectrogram. */
  channels: number;
  /** Encoder positions of every input: half as many as frames. */
  positions: number;
  tied: boolean;
}

/** Frames of a window of both convolutions. */
const KERNEL = 3;

function readConfig(fields: Record<string, unknown>): Config {
  const config = new ConfigReader(fields, ALIASES);
  // For the times of words, which are not computed by the model.
  config.has("median_filter_width");
  const width = config.integer("d_model", [1, MAX.width], 384);
  const stack = (side: "encoder" | "decoder"): Stack =>
    readStack(config, side, width, { layers: 4, heads: 6, feedForwardWidth: 1536 });
  const [encoder, decoder] = [stack("encoder"), stack("decoder")];
  // Another name of encoder_attention_heads in transformers.
  const keyHeads = config.integer("num_key_value_heads", [1, MAX.width], encoder.heads);
  if (keyHeads !== encoder.heads) {
    throw config.unsupported(`num_key_value_heads is ${keyHeads}, and encoder_attention_heads ${encoder.heads}`);
  }
  const vocabSize = config.integer("vocab_size", [1, MAX.vocabulary], 51865);
  const channels = config.integer("num_mel_bins", [1, MAX.width], 80);
  const positions = config.integer("max_source_positions", [1, MAX.positions], 1500);
  const [start, spare] = [Math.min(50257, vocabSize - 1), Math.min(50256, vocabSize - 1)];
  return {
    modelType: "whisper",
    sourceVocabSize: vocabSize,
    targetVocabSize: vocabSize,
    maxSourceLength: 2 * positions,
    maxTargetLength: config.integer("max_target_positions", [1, MAX.positions], 448),
    padTokenId: config.spareToken("pad_token_id", vocabSize, spare),
    eosTokenIds: config.spareTokens("eos_token_id", vocabSize, spare),
    decoderStartTokenId: config.spareToken("decoder_start_token_id", vocabSize, start),
    numDecoderLayers: decoder.layers,
    cacheWidth: 2 * width,
    decoderHeads: decoder.heads,
    features: {
      name: "input_features",
      channels,
      least: 2 * positions,
      most: 2 * positions,
      positions: (frames) => frames / 2,
    },
    width,
    encoder,
    decoder,
    activation: config.activation("activation_function", "gelu"),
    channels,
    positions,
    tied: config.boolean("tie_word_embeddings", true),
  };
}

// --- forward ---

function build(ops: Ops, fields: Record<string, unknown>, p: Parameters): Model {
  const config = readConfig(fields);
  const { width, activation, channels, positions, encoder, decoder, targetVocabSize, tied } = config;
  p.setPrefix("model.");
  const [side, other] = ["model.encoder", "model.decoder"];
  const embedding = `${other}.embed_tokens.weight`;
  const vocabulary = p.tensor(embedding, [targetVocabSize, width]);
  const head: Head = {
    weight: p.tensorOf(["proj_out.weight", ...(tied ? [embedding] : [])], [targetVocabSize, width]),
    bias: p.zeros(targetVocabSize),
  };
  const first = convolution(p, `${side}.conv1`, [width, channels, KERNEL]);
  const second = convolution(p, `${side}.conv2`, [width, width, KERNEL]);
  // Sines and cosines, but trained and rounded since: the checkpoint's count.
  const encoderPositions = p.tensor(`${side}.embed_positions.weight`, [positions, width], "f32");
  const decoderPositions = p.tensor(`${other}.embed_positions.weight`, [config.maxTargetLength, width], "f32");
  const { encoderLayers, decoderLayers } = allLayers(p, "model.", config, false);
  const stack = (name: string, { heads }: Stack) =>
    createStack(ops, { heads, activation, normFirst: true, finalNorm: layerNorm(p, `${name}.layer_norm`, width) });
  const encoderStack = stack(side, encoder);
  const decoderStack = stack(other, decoder);

  /** Frames (B, 2S, C) -> (B, S, D). Every frame is read, also those of silence at the end, so there is no mask. */
  function encode({ input: frames }: EncoderInput, capture?: Capture): Tensor {
    const padding = [1, 1] as const;
    notePositions(encoderPositions, capture);
    const narrow = ops.convolve(frames, first.weight, { bias: first.bias, padding, activation: "gelu" }); // (B, 2S, D)
    const { weight, bias } = second;
    const states = ops.convolve(narrow, weight, {
      ...{ bias, stride: 2, padding },
      activation: "gelu",
      positions: encoderPositions,
    }); // (B, S, D)
    return applyNorm(ops, encoderStack.encoder({ states }, encoderLayers, undefined, capture)); // (B, S, D)
  }

  function decoded(ids: Tensor, state: DecoderState, capture?: Capture): Stream {
    notePositions(decoderPositions, capture);
    const states = ops.embed(ids, vocabulary, { scale: 1, positions: decoderPositions, offset: state.position });
    return decoderStack.decoder({ states }, decoderLayers, state, capture); // (B, T, D)
  }

  return {
    info: config,
    encode,
    projectCross: (states) => projectCross(ops, decoderLayers, states),
    decode: (ids, state, capture) => projectLogits(ops, decoded(ids, state, capture), head, capture), // (B, T, V)
    prefill: (ids, state) => void decoded(ids, state),
  };
}

export const whisper: Family = { info: readConfig, build };
