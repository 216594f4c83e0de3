/**
 * Moonshine (Jeffries et al. 2024): samples in, tokens out. Three convolutions take the place of the encoder's embedding; positions are
 * rotary on both sides. The sound may have any length, and nothing is padded: a row of a batch gives what it gives alone.
 * `"model_type": "moonshine"`; tensor names and fields of config.json are those of Hugging Face's modeling_moonshine.py.
 */

import { windowsOf } from "../../ops/audio";
import type { Norm, Ops, Rotary } from "../../ops/ops";
import type { Tensor } from "../../tensor/tensor";
import { ConfigReader, MAX, MAX_SOURCE } from "../config";
import { applyNorm, createStack, projectCross, range, type EncoderLayer } from "../layers";
import type { Capture, EncoderInput, Family, FeatureInput, Model, ModelInfo } from "../model";
import type { Parameters } from "../parameters";
import { convolution } from "./convolution";
import * as layers from "./moonshine-layers";
import { createDecoder, decoderInfo, readRotary, rotaryOf, type DecoderConfig, type Stack } from "./moonshine-layers";

interface Config extends ModelInfo, DecoderConfig {
  encoder: Stack;
  features: FeatureInput;
}

const ALIASES = {
  decoder_num_hidden_layers: "num_hidden_layers",
  decoder_num_attention_heads: "num_attention_heads",
  decoder_num_key_value_heads: "num_key_value_heads",
  decoder_hidden_act: "hidden_act",
};

/** Samples of a frame: what lies between two windows of the first convolution, which has less than two frames. */
const FRAME = 64;
const FIRST = { kernel: 127, frames: 2 };
const SECOND = { kernel: 7, stride: 3 };
const THIRD = { kernel: 3, stride: 2 };

/** Of the first convolution. */
const windows = (frames: number): number => frames - (FIRST.frames - 1);

/** Encoder positions: windows of windows of windows. */
function positionsOf(frames: number): number {
  const second = windowsOf(windows(frames), SECOND.kernel, SECOND.stride);
  return Math.max(0, windowsOf(second, THIRD.kernel, THIRD.stride));
}

/** The fewest frames with `positions` encoder positions. */
const framesFor = (positions: number): number =>
  ((positions - 1) * THIRD.stride + THIRD.kernel - 1) * SECOND.stride + SECOND.kernel + (FIRST.frames - 1);

function readConfig(fields: Record<string, unknown>): Config {
  const config = new ConfigReader(fields, ALIASES);
  const width = config.integer("hidden_size", [1, MAX.width], 288);
  const heads = config.integer("decoder_num_attention_heads", [1, MAX.width], 8);
  for (const name of ["encoder_num_attention_heads", "encoder_num_key_value_heads", "decoder_num_key_value_heads"]) {
    const others = config.integer(name, [1, MAX.width], name === "encoder_num_attention_heads" ? 8 : heads);
    // transformers has one number for all: the encoder's overwrites the decoder's, and other heads of keys do not run.
    if (others !== heads) throw config.unsupported(`${name} is ${others}, and decoder_num_attention_heads ${heads}`);
  }
  const headWidth = config.integer("head_dim", [1, MAX.width], Math.max(1, Math.floor(width / heads)));
  const common = {
    ...{ width, heads, headWidth },
    feedForwardWidth: config.integer("intermediate_size", [1, MAX.width], 1152),
    attentionBias: config.boolean("attention_bias", false),
  };
  const side = (name: "encoder" | "decoder", activation: string): Stack => ({
    ...common,
    layers: config.integer(`${name}_num_hidden_layers`, [1, MAX.layers], 6),
    activation: config.activation(`${name}_hidden_act`, activation),
  });
  const decoder = side("decoder", "silu");
  const least = framesFor(1);
  return {
    modelType: "moonshine",
    ...decoderInfo(config, decoder, { positions: 512 }),
    maxSourceLength: framesFor(MAX_SOURCE),
    features: {
      name: "input_values",
      channels: FRAME,
      least,
      most: framesFor(MAX_SOURCE),
      framesOf: (samples) => Math.floor((samples - FIRST.kernel) / FRAME) + FIRST.frames,
      positions: positionsOf,
    },
    encoder: side("encoder", "gelu"),
    decoder,
    rotary: readRotary(config, fields, headWidth, 0.9),
    tied: config.boolean("tie_word_embeddings", true),
  };
}

// --- weights ---

/** The first one reads samples, FRAME at once: (D, 1, 127) in the checkpoint, (D, 2, 64) on the device with a zero at the end. */
function firstConvolution(p: Parameters, name: string, width: number): Tensor {
  const arrange = (row: Float32Array): Float32Array => {
    const out = new Float32Array(FIRST.frames * FRAME);
    out.set(row);
    return out;
  };
  return p.arranged(`${name}.weight`, [width, 1, FIRST.kernel], [width, FIRST.frames, FRAME], arrange);
}

function encoderLayer(p: Parameters, name: string, stack: Stack, rotary: Rotary): EncoderLayer {
  const norm = (which: string): Norm => p.norm(`${name}.${which}`, stack.width);
  return {
    selfAttention: {
      queryKeyValue: layers.projections(p, `${name}.self_attn`, ["q", "k", "v"], stack),
      output: layers.output(p, `${name}.self_attn`, stack),
      norm: norm("input_layernorm"),
      rotary,
    },
    feedForward: layers.feedForward(p, `${name}.mlp`, stack, norm("post_attention_layernorm")),
  };
}

// --- forward ---

function build(ops: Ops, fields: Record<string, unknown>, p: Parameters): Model {
  const config = readConfig(fields);
  const { encoder: stack } = config;
  const { width } = stack;
  p.setPrefix("model.");
  const side = "model.encoder";
  const first = firstConvolution(p, `${side}.conv1`, width);
  const noBias = p.zeros(width);
  const groupNorm = p.norm(`${side}.groupnorm`, width);
  p.require(`${side}.groupnorm.bias`);
  const second = convolution(p, `${side}.conv2`, [2 * width, width, SECOND.kernel]);
  const third = convolution(p, `${side}.conv3`, [width, 2 * width, THIRD.kernel]);
  const rotary = rotaryOf(ops, MAX_SOURCE, config.rotary, stack.heads);
  const encoderLayers = range(stack.layers).map((i) => encoderLayer(p, `${side}.layers.${i}`, stack, rotary));
  const finalNorm = p.norm(`${side}.layer_norm`, width);
  const { encoder } = createStack(ops, { ...stack, normFirst: true, finalNorm });
  const decoder = createDecoder(ops, p, config);

  /** Frames (B, T, 64) -> (B, S, D). What follows the end of a row is read by nothing that counts. */
  function encode({ input: frames, mask, lengths }: EncoderInput, capture?: Capture): Tensor {
    const heard = ops.convolve(frames, first, { bias: noBias, activation: "tanh" }); // (B, T - 1, D)
    const even = ops.groupNorm(heard, groupNorm, { lengths: lengths!, less: FIRST.frames - 1 });
    const narrow = ops.convolve(even, second.weight, {
      ...{ bias: second.bias, stride: SECOND.stride },
      activation: "gelu",
    });
    const states = ops.convolve(narrow, third.weight, { bias: third.bias, stride: THIRD.stride, activation: "gelu" });
    return applyNorm(ops, encoder({ states }, encoderLayers, mask, capture)); // (B, S, D)
  }

  return {
    info: config,
    encode,
    projectCross: (states) => projectCross(ops, decoder.layers, states),
    decode: decoder.decode,
    prefill: decoder.prefill,
  };
}

export const moonshine: Family = { info: readConfig, build };
