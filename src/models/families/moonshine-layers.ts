/** What both generations of Moonshine have in common: the decoder, rotary positions, and what config.json says of them. */

import { quote } from "../../errors";
import type { Activation, Norm, Ops, Rotary } from "../../ops/ops";
import { ConfigReader, MAX, MAX_TARGET } from "../config";
import {
  createStack,
  projectLogits,
  range,
  type DecoderLayer,
  type FeedForward,
  type Head,
  type Linear,
  type Stream,
} from "../layers";
import type { Capture, DecoderState, ModelInfo } from "../model";
import type { Parameters } from "../parameters";
import { rotaryAngles } from "../positions";
import type { Tensor } from "../../tensor/tensor";

/** A stack: its width, its heads and what lies between its products. */
export interface Stack {
  width: number; // D
  heads: number; // H
  headWidth: number; // Dh
  feedForwardWidth: number; // F
  layers: number;
  activation: Activation;
  /** Whether the projections of query, key and value have biases. */
  attentionBias: boolean;
}

/** Where positions turn queries and keys. */
export interface RotarySizes {
  /** How many elements of a head: an even number. */
  width: number;
  /** What the exponents are shares of: `width`, or one less where the file names an odd number of elements. */
  span: number;
  theta: number;
}

/**
 * What config.json has as `rope_parameters`, which older files call `rope_scaling`; of these older files also `rope_theta` and
 * `partial_rotary_factor` count, beside it. RotaryEmbeddingConfigMixin of transformers, modeling_rope_utils.py.
 * @param fraction the default of `partial_rotary_factor`
 * @param whole what stands for `rope_parameters` where the file has none
 */
export function readRotary(
  config: ConfigReader,
  fields: Readonly<Record<string, unknown>>,
  headWidth: number,
  fraction: number,
  whole: Readonly<Record<string, unknown>> = {},
): RotarySizes {
  const [older, newer] = [fields.rope_scaling, fields.rope_parameters];
  const given = (isEmpty(older) ? newer : older) ?? whole;
  if (typeof given !== "object" || Array.isArray(given)) {
    throw config.invalid(`rope_parameters must be an object, not ${quote(given)}`);
  }
  const { type, rope_type = type ?? "default", ...others } = given as Record<string, unknown>;
  const own = new ConfigReader({ ...others, rope_type });
  own.oneOf("rope_type", ["default"]);
  const theta = own.positive("rope_theta", config.positive("rope_theta", 10000));
  const part = own.positive("partial_rotary_factor", config.positive("partial_rotary_factor", fraction));
  const span = Math.floor(headWidth * part);
  const width = span + (span % 2); // as in transformers, the last of an odd number takes its neighbour with it
  if (width < 2 || width > headWidth) {
    throw config.invalid(`partial_rotary_factor ${part} turns ${width} elements of a head, which has ${headWidth}`);
  }
  return { width, span, theta };
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);

/** What config.json says of the decoder and of tokens. */
export interface DecoderConfig {
  decoder: Stack;
  rotary: RotarySizes;
  tied: boolean;
}

/** The facts of `ModelInfo` that follow from the decoder. */
export function decoderInfo(
  config: ConfigReader,
  { heads, headWidth, layers }: Stack,
  defaults: { positions: number; pad?: number },
) {
  const vocabSize = config.integer("vocab_size", [1, MAX.vocabulary], 32768);
  const within = (token: number): number => Math.min(token, vocabSize - 1);
  const eosTokenIds = config.spareTokens("eos_token_id", vocabSize, within(2));
  const bos = config.spareToken("bos_token_id", vocabSize, within(1));
  return {
    sourceVocabSize: vocabSize,
    targetVocabSize: vocabSize,
    maxTargetLength: Math.min(
      config.integer("max_position_embeddings", [1, MAX.positions], defaults.positions),
      MAX_TARGET,
    ),
    padTokenId: config.spareToken("pad_token_id", vocabSize, defaults.pad ?? eosTokenIds[0] ?? 0),
    eosTokenIds,
    decoderStartTokenId: config.spareToken("decoder_start_token_id", vocabSize, bos),
    numDecoderLayers: layers,
    cacheWidth: 2 * heads * headWidth,
    decoderHeads: heads,
  } satisfies Partial<ModelInfo>;
}

// --- weights ---

/** Projections of the same states, one under the other: (which.length I, D). */
export function projections(p: Parameters, name: string, which: string[], stack: Stack, inner = stack.width): Linear {
  const names = which.map((projection) => `${name}.${projection}_proj`);
  const width = stack.heads * stack.headWidth; // I
  const biases = names.map((n) => `${n}.bias`);
  return {
    weight: p.stacked(
      names.map((n) => `${n}.weight`),
      [width, inner],
    ),
    bias: stack.attentionBias ? p.stacked(biases, [width]) : p.zeros(names.length * width),
  };
}

export function output(p: Parameters, name: string, { width, heads, headWidth }: Stack, biased = false): Linear {
  return {
    weight: p.tensor(`${name}.o_proj.weight`, [width, heads * headWidth]),
    bias: biased ? p.tensor(`${name}.o_proj.bias`, [width]) : p.zeros(width),
  };
}

/** The activation is that of the second half of fc1, which here is the first. */
function gatedFeedForward(p: Parameters, name: string, { width, feedForwardWidth }: Stack, norm: Norm): FeedForward {
  const rows = 2 * feedForwardWidth;
  const inner = {
    weight: p.halvesExchanged(`${name}.fc1.weight`, [rows, width]),
    bias: p.halvesExchanged(`${name}.fc1.bias`, [rows]),
  };
  return { inner, gated: true, outer: p.linear(`${name}.fc2`, width, feedForwardWidth), norm };
}

export function feedForward(p: Parameters, name: string, { width, feedForwardWidth }: Stack, norm: Norm): FeedForward {
  return {
    inner: p.linear(`${name}.fc1`, feedForwardWidth, width),
    outer: p.linear(`${name}.fc2`, width, feedForwardWidth),
    norm,
  };
}

function decoderLayer(p: Parameters, name: string, stack: Stack, rotary: Rotary): DecoderLayer {
  const norm = (which: string): Norm => p.norm(`${name}.${which}`, stack.width);
  const [self, cross] = [`${name}.self_attn`, `${name}.encoder_attn`];
  return {
    selfAttention: {
      queryKeyValue: projections(p, self, ["q", "k", "v"], stack),
      output: output(p, self, stack),
      norm: norm("input_layernorm"),
      rotary,
    },
    crossAttention: {
      query: projections(p, cross, ["q"], stack),
      keyValue: projections(p, cross, ["k", "v"], stack),
      output: output(p, cross, stack),
      norm: norm("post_attention_layernorm"),
    },
    feedForward: gatedFeedForward(p, `${name}.mlp`, stack, norm("final_layernorm")),
  };
}

export function rotaryOf(ops: Ops, positions: number, { width, span, theta }: RotarySizes, heads: number): Rotary {
  const angles = rotaryAngles(positions, width, span, theta);
  return { table: ops.create([positions, width], "f32", "weights", angles), heads };
}

/** The decoder, from token ids to logits. */
export function createDecoder(ops: Ops, p: Parameters, config: DecoderConfig & ModelInfo) {
  const { decoder: stack, targetVocabSize, tied } = config;
  const side = "model.decoder";
  const embedding = `${side}.embed_tokens.weight`;
  const vocabulary = p.tensor(embedding, [targetVocabSize, stack.width]);
  const head: Head = {
    weight: p.tensorOf(["proj_out.weight", ...(tied ? [embedding] : [])], [targetVocabSize, stack.width]),
    bias: p.zeros(targetVocabSize),
  };
  const rotary = rotaryOf(ops, config.maxTargetLength, config.rotary, stack.heads);
  const layers = range(stack.layers).map((i) => decoderLayer(p, `${side}.layers.${i}`, stack, rotary));
  const finalNorm = p.norm(`${side}.norm`, stack.width);
  const { decoder } = createStack(ops, { ...stack, normFirst: true, finalNorm });

  const run = (ids: Tensor, state: DecoderState, capture?: Capture): Stream =>
    decoder({ states: ops.embed(ids, vocabulary, { scale: 1 }) }, layers, state, capture); // (B, T, D)

  return {
    layers,
    decode: (ids: Tensor, state: DecoderState, capture?: Capture): Tensor =>
      projectLogits(ops, run(ids, state, capture), head, capture), // (B, T, V)
    prefill: (ids: Tensor, state: DecoderState): void => void run(ids, state),
  };
}
