/**
 * Moonshine of the second generation, for live sound: frames of 80 samples, convolutions that look back only, and an encoder without
 * positions whose layers see a window of some frames. The decoder is that of Moonshine.
 * `"model_type": "moonshine_streaming"`; tensor names and fields of config.json are those of Hugging Face's
 * modeling_moonshine_streaming.py. Its windows are for inputs with an attention mask, which `generate` always has; here they always are.
 */

import { quote } from "../../errors";
import { windowsOf } from "../../ops/audio";
import type { Norm, Ops } from "../../ops/ops";
import type { Tensor } from "../../tensor/tensor";
import { ConfigReader, MAX, MAX_SOURCE } from "../config";
import { applyNorm, createStack, projectCross, type EncoderLayer } from "../layers";
import type { Capture, EncoderInput, Family, FeatureInput, Model, ModelInfo } from "../model";
import type { Parameters } from "../parameters";
import { convolution } from "./convolution";
import * as layers from "./moonshine-layers";
import { createDecoder, decoderInfo, readRotary, type DecoderConfig, type Stack } from "./moonshine-layers";

type Window = readonly [before: number, after: number];

interface Config extends ModelInfo, DecoderConfig {
  encoder: Stack;
  /** By layer. */
  windows: Window[];
  features: FeatureInput;
  /** Of the table of positions that the decoder adds to the encoder's states. */
  positions: number;
}

/** Of a frame. */
const FRAME_EPS = 1e-6;
/** Both convolutions. */
const KERNEL = 5;
const STRIDE = 2;
const PADDING = [KERNEL - 1, 0] as const;

/** `sliding_windows`: how many frames each layer sees, its own among those before; after it, one less than the number. */
const WINDOWS = [
  [16, 4],
  [16, 4],
  [16, 0],
  [16, 0],
  [16, 4],
  [16, 4],
];

/** @param keyHeads the default of `num_key_value_heads`: as many as there are heads, where absent */
function readStack(config: ConfigReader, activation: string, keyHeads?: number): Stack {
  const width = config.integer("hidden_size", [1, MAX.width], 320);
  const heads = config.integer("num_attention_heads", [1, MAX.width], 8);
  const keys = config.integer("num_key_value_heads", [1, MAX.width], keyHeads ?? heads);
  // In transformers other heads of keys do not run in the decoder, and no model has them in the encoder.
  if (keys !== heads) throw config.unsupported(`num_key_value_heads is ${keys}, and num_attention_heads ${heads}`);
  return {
    ...{ width, heads },
    headWidth: config.integer("head_dim", [1, MAX.width], Math.max(1, Math.floor(width / heads))),
    feedForwardWidth: config.integer("intermediate_size", [1, MAX.width], 1280),
    layers: config.integer("num_hidden_layers", [1, MAX.layers], 6),
    activation: config.activation("hidden_act", activation),
    attentionBias: config.boolean("attention_bias", false),
  };
}

function readWindows(config: ConfigReader, given: unknown, count: number): Window[] {
  const list = given ?? WINDOWS;
  const isWindow = (value: unknown): value is Window =>
    Array.isArray(value) &&
    value.length === 2 &&
    value.every((n) => Number.isSafeInteger(n) && n >= 0 && n < MAX.positions) &&
    value[0] >= 1;
  if (!Array.isArray(list) || list.length < count || !list.every(isWindow)) {
    throw config.invalid(`sliding_windows must be a pair [frames, frames after] for each layer, not ${quote(given)}`);
  }
  return list.slice(0, count).map(([before, after]): Window => [before - 1, Math.max(0, after - 1)]);
}

/** round() of Python: a half goes to the even neighbour. */
function rounded(value: number): number {
  const down = Math.floor(value);
  return value - down === 0.5 ? down + (down % 2) : Math.round(value);
}

const positionsOf = (frames: number): number =>
  [1, 2].reduce((count) => windowsOf(count, KERNEL, STRIDE, PADDING), frames);

function readConfig(fields: Record<string, unknown>): Config {
  const config = new ConfigReader(fields);
  const given = fields.encoder_config ?? {};
  if (typeof given !== "object" || Array.isArray(given)) {
    throw config.invalid(`encoder_config must be an object, not ${quote(given)}`);
  }
  const encoderFields = given as Record<string, unknown>;
  const own = new ConfigReader(encoderFields, {}, "config.json: encoder_config");
  const decoder = readStack(config, "silu");
  const encoder = readStack(own, "gelu", 8);
  const frame = rounded((own.positive("sample_rate", 16000) * own.positive("frame_ms", 5)) / 1000);
  if (frame < 1 || frame > MAX.width) throw own.invalid(`frame_ms asks for frames of ${frame} samples`);
  const positions = config.integer("max_position_embeddings", [1, MAX.positions], 4096);
  const most = STRIDE ** 2 * Math.min(positions, MAX_SOURCE);
  return {
    modelType: "moonshine_streaming",
    ...decoderInfo(config, decoder, { positions: 4096, pad: 0 }),
    maxSourceLength: most,
    features: {
      name: "input_values",
      channels: frame,
      least: 1,
      most,
      // The processor of transformers fills the last frame with zeros, and the encoder passes over what is not a whole frame.
      framesOf: (samples) => (samples < frame ? 0 : Math.ceil(samples / frame)),
      wholeFrames: true,
      positions: positionsOf,
    },
    encoder,
    windows: readWindows(own, encoderFields.sliding_windows, encoder.layers),
    decoder,
    positions,
    rotary: readRotary(config, fields, decoder.headWidth, 1, { rope_theta: 10000, partial_rotary_factor: 0.8 }),
    tied: config.boolean("tie_word_embeddings", false),
  };
}

// --- weights ---

function encoderLayer(p: Parameters, name: string, stack: Stack, window: Window): EncoderLayer {
  const norm = (which: string): Norm => p.unitOffsetNorm(`${name}.${which}.gamma`, stack.width);
  return {
    selfAttention: {
      queryKeyValue: layers.projections(p, `${name}.self_attn`, ["q", "k", "v"], stack),
      output: layers.output(p, `${name}.self_attn`, stack, stack.attentionBias),
      norm: norm("input_layernorm"),
      window,
    },
    feedForward: layers.feedForward(p, `${name}.mlp`, stack, norm("post_attention_layernorm")),
  };
}

// --- forward ---

function build(ops: Ops, fields: Record<string, unknown>, p: Parameters): Model {
  const config = readConfig(fields);
  const { encoder: stack, decoder: other, windows, features, positions: length } = config;
  const { width } = stack;
  p.setPrefix("model.");
  const [side, embedder] = ["model.encoder", "model.encoder.embedder"];
  const logScale = p.scalar(`${embedder}.comp.log_k`);
  const frameWeight = p.tensor(`${embedder}.linear.weight`, [width, features.channels]);
  const noBias = p.zeros(width);
  const first = convolution(p, `${embedder}.conv1`, [2 * width, width, KERNEL]);
  const second = convolution(p, `${embedder}.conv2`, [width, 2 * width, KERNEL]);
  const encoderLayers = windows.map((window, i) => encoderLayer(p, `${side}.layers.${i}`, stack, window));
  const finalNorm = p.unitOffsetNorm(`${side}.final_norm.gamma`, width);
  const { encoder } = createStack(ops, { ...stack, normFirst: true, finalNorm });
  const positions = p.tensor("model.decoder.pos_emb.weight", [length, width], "f32");
  // Only where the widths differ, and for the keys of all layers.
  const projection = width === other.width ? undefined : p.tensor("model.decoder.proj.weight", [other.width, width]);
  const projectionBias = p.zeros(other.width);
  const decoder = createDecoder(ops, p, config);

  /**
   * Frames (B, T, 80) -> (B, S, D), with the positions that the decoder adds: transformers adds them in place, so the states that it
   * returns have them, too. Only the attention could look beyond the end of a row, and it has the mask.
   */
  function encode({ input: frames, mask }: EncoderInput, capture?: Capture): Tensor {
    const even = ops.compressFrames(frames, logScale, FRAME_EPS);
    const heard = ops.linear(even, frameWeight, { bias: noBias, activation: "silu" }); // (B, T, D)
    const options = { stride: STRIDE, padding: PADDING };
    const narrow = ops.convolve(heard, first.weight, { bias: first.bias, ...options, activation: "silu" });
    const states = ops.convolve(narrow, second.weight, { bias: second.bias, ...options }); // (B, S, D)
    const encoded = applyNorm(ops, encoder({ states }, encoderLayers, mask, capture));
    return ops.addPositions(encoded, positions);
  }

  return {
    info: config,
    encode,
    projectCross(states) {
      const projected = projection ? ops.linear(states, projection, { bias: projectionBias }) : states;
      return projectCross(ops, decoder.layers, projected);
    },
    decode: decoder.decode,
    prefill: decoder.prefill,
  };
}

export const moonshineStreaming: Family = { info: readConfig, build };
