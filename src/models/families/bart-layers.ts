/**
 * The layers of BART, and what config.json says of them: the names that Hugging Face gave the families from fairseq, and
 * Whisper, which took over that code.
 */

import type { Norm } from "../../ops/ops";
import { MAX, type ConfigReader } from "../config";
import { range, type DecoderLayer, type EncoderLayer, type FeedForward, type Linear } from "../layers";
import type { Parameters } from "../parameters";

/** Second names of fields of config.json. */
export const ALIASES = {
  d_model: "hidden_size",
  encoder_layers: "num_hidden_layers",
  encoder_attention_heads: "num_attention_heads",
};

/** What one stack has beside its width. */
export interface Stack {
  layers: number;
  heads: number; // H
  feedForwardWidth: number; // F
}

export function readStack(config: ConfigReader, side: "encoder" | "decoder", width: number, defaults: Stack): Stack {
  const heads = config.integer(`${side}_attention_heads`, [1, MAX.width], defaults.heads);
  if (width % heads !== 0) {
    throw config.invalid(`d_model ${width} is not a multiple of ${side}_attention_heads ${heads}`);
  }
  return {
    layers: config.integer(`${side}_layers`, [1, MAX.layers], defaults.layers),
    heads,
    feedForwardWidth: config.integer(`${side}_ffn_dim`, [1, MAX.width], defaults.feedForwardWidth),
  };
}

/** A stack as its layers see it. */
interface Side extends Stack {
  width: number; // D
  /** Whether the projection of the keys has a bias. */
  keyBias: boolean;
}

/** Projections of the same states, one under the other: (which.length D, D). */
function projections(p: Parameters, name: string, which: string[], { width, keyBias }: Side): Linear {
  const names = which.map((projection) => `${name}.${projection}_proj`);
  return {
    weight: p.stacked(
      names.map((n) => `${n}.weight`),
      [width, width],
    ),
    bias: p.stacked(
      names.map((n) => (keyBias || !n.endsWith("k_proj") ? `${n}.bias` : undefined)),
      [width],
    ),
  };
}

/** A norm with a bias, which these checkpoints always have. */
export function layerNorm(p: Parameters, name: string, width: number): Norm {
  p.require(`${name}.bias`);
  return p.norm(name, width);
}

function feedForward(p: Parameters, name: string, { width, feedForwardWidth }: Side): FeedForward {
  return {
    inner: p.linear(`${name}.fc1`, feedForwardWidth, width),
    outer: p.linear(`${name}.fc2`, width, feedForwardWidth),
    norm: layerNorm(p, `${name}.final_layer_norm`, width),
  };
}

function encoderLayer(p: Parameters, name: string, side: Side): EncoderLayer {
  const { width } = side;
  return {
    selfAttention: {
      queryKeyValue: projections(p, `${name}.self_attn`, ["q", "k", "v"], side),
      output: p.linear(`${name}.self_attn.out_proj`, width, width),
      norm: layerNorm(p, `${name}.self_attn_layer_norm`, width),
    },
    feedForward: feedForward(p, name, side),
  };
}

function decoderLayer(p: Parameters, name: string, side: Side): DecoderLayer {
  const { width } = side;
  return {
    ...encoderLayer(p, name, side),
    crossAttention: {
      query: p.linear(`${name}.encoder_attn.q_proj`, width, width),
      keyValue: projections(p, `${name}.encoder_attn`, ["k", "v"], side),
      output: p.linear(`${name}.encoder_attn.out_proj`, width, width),
      norm: layerNorm(p, `${name}.encoder_attn_layer_norm`, width),
    },
  };
}

interface Layers {
  width: number;
  encoder: Stack;
  decoder: Stack;
}

/** @param keyBias whether the projections of the keys have a bias */
export function allLayers(p: Parameters, prefix: string, { width, encoder, decoder }: Layers, keyBias = true) {
  const [source, target] = [encoder, decoder].map((stack): Side => ({ ...stack, width, keyBias }));
  return {
    encoderLayers: range(encoder.layers).map((i) => encoderLayer(p, `${prefix}encoder.layers.${i}`, source)),
    decoderLayers: range(decoder.layers).map((i) => decoderLayer(p, `${prefix}decoder.layers.${i}`, target)),
  };
}
