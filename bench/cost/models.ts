/** The plans of a model at the size of a real one, made on the fake GPU: no weights, no memory. */

import * as audioKernels from "../../src/backends/webgpu/audio";
import { createWebGpuBackend } from "../../src/backends/webgpu/backend";
import { kernelsOf } from "../../src/backends/webgpu/operations";
import type { Tuning } from "../../src/backends/webgpu/tuning";
import { families } from "../../src/engine/speech-part";
import { SessionPool } from "../../src/generation/device/session-pool";
import { familyOf } from "../../src/models/families/registry";
import type { ModelInfo } from "../../src/models/model";
import { Parameters } from "../../src/models/parameters";
import { audio } from "../../src/ops/audio";
import type { Counters } from "../../src/ops/ops";
import type { Candidates } from "../../src/ops/sampling";
import type { WeightFormat } from "../../src/tensor/weight-format";
import { dispatchesOf, type Dispatched } from "./dispatches";
import { fakeAdapter } from "./fake-gpu";

export interface Shape {
  width: number;
  inner: number;
  heads: number;
  layers: number;
  vocabulary: number;
}

/** The operations that load with families that read sound. */
export const more = { contract: audio, gpu: audioKernels };

/** OPUS-MT, and t5-small but for the vocabulary. */
export const BASE: Shape = { width: 512, inner: 2048, heads: 8, layers: 6, vocabulary: 58_101 };

/** config.json of a small model of a family, with the sizes of a larger one. */
export function enlarged(
  fields: Readonly<Record<string, unknown>>,
  shape: Shape,
  encoderLayers = shape.layers,
): Record<string, unknown> {
  const { width, inner, heads, layers, vocabulary } = shape;
  const sizes: Record<string, number> = {
    d_model: width,
    hidden_size: width,
    intermediate_size: inner,
    head_dim: width / heads,
    num_attention_heads: heads,
    num_key_value_heads: heads,
    encoder_num_attention_heads: heads,
    decoder_num_attention_heads: heads,
    encoder_num_key_value_heads: heads,
    decoder_num_key_value_heads: heads,
    encoder_num_hidden_layers: encoderLayers,
    decoder_num_hidden_layers: layers,
    d_kv: width / heads,
    d_ff: inner,
    dim_feedforward: inner,
    encoder_ffn_dim: inner,
    decoder_ffn_dim: inner,
    nhead: heads,
    num_heads: heads,
    encoder_attention_heads: heads,
    decoder_attention_heads: heads,
    num_layers: encoderLayers,
    encoder_layers: encoderLayers,
    num_encoder_layers: encoderLayers,
    decoder_layers: layers,
    num_decoder_layers: layers,
    vocab_size: vocabulary,
    decoder_vocab_size: vocabulary,
    src_vocab_size: vocabulary,
    tgt_vocab_size: vocabulary,
    max_position_embeddings: 2048,
  };
  const known = Object.fromEntries(Object.entries(sizes).filter(([name]) => name in fields));
  // Of a head so wide, another part is a whole number of pairs.
  const rotary = "rope_parameters" in fields ? { rope_parameters: { partial_rotary_factor: 0.5 } } : {};
  const all = { ...fields, ...known, ...rotary, num_hidden_layers: undefined };
  const { encoder_config } = fields;
  if (encoder_config === undefined) return all;
  // A model whose encoder has a configuration of its own: the other fields are the decoder's.
  const encoder = enlarged(encoder_config as Record<string, unknown>, shape, encoderLayers);
  const sliding_windows = Array.from({ length: encoderLayers }, () => [16, 4]);
  return {
    ...all,
    num_hidden_layers: layers,
    encoder_config: { ...encoder, num_hidden_layers: encoderLayers, sliding_windows },
  };
}

/** Tokens or frames of an input with so many encoder positions. */
function lengthOf({ features }: ModelInfo, source: number): number {
  if (!features) return source;
  let length = features.least;
  while (features.positions(length) < source) length++;
  return length;
}

export interface Workload {
  sentences: number;
  /** Beams of a sentence; 1 is greedy search. */
  beams: number;
  /** Of sampling: from which candidates a token is drawn. */
  candidates?: Candidates;
  /** Whether logits processors are on. */
  rules?: boolean;
  source: number;
  target: number;
}

export interface Plans {
  encode: Dispatched[];
  /** A step: the scores of a token for each row, and what a search makes of them. */
  step: Dispatched[];
  /** What one further step changes in the engine's own counters. */
  perStep: Counters;
}

export async function plansOf(
  config: Readonly<Record<string, unknown>>,
  { sentences, beams, candidates, rules, source, target }: Workload,
  tuning: Tuning,
  format: WeightFormat = "f32",
): Promise<Plans> {
  const { ops } = await createWebGpuBackend(tuning, fakeAdapter(), more);
  // Whisper has one length of input.
  const fields = "max_source_positions" in config ? { ...config, max_source_positions: source } : config;
  const family = familyOf(fields, families);
  // First every tensor is missing, and the parameters note what they would be; then they are there.
  const asked = new Parameters(ops, [], format);
  family.build(ops, fields, asked);
  const shapes = (asked as unknown as { expected: Map<string, { shape: readonly number[] }> }).expected;
  const tensors = [...shapes].map(([name, { shape }]) => ({ name, shape }));
  const model = family.build(ops, fields, new Parameters(ops, tensors, format));
  const session = await new SessionPool(ops, model).take({
    batchSize: sentences,
    width: beams,
    endTokens: 1,
    sourceLength: lengthOf(model.info, source),
    targetLength: target,
  });
  const select = await session.select({ candidates, tableLength: rules ? 64 : 0 });
  const kernels = new Map(kernelsOf(tuning, more).map((kernel) => [kernel.name, kernel]));
  const read = [{ tensor: session.beams?.done ?? session.token, start: 0, count: sentences }];
  await ops.submit([session.decode, select], read);
  const before = ops.counters();
  await ops.submit([session.decode, select], read);
  const after = ops.counters();
  const perStep = Object.fromEntries(
    Object.entries(after).map(([name, count]) => [name, count - before[name as keyof Counters]]),
  ) as unknown as Counters;
  return {
    encode: dispatchesOf(session.encode, kernels),
    step: [...dispatchesOf(session.decode, kernels), ...dispatchesOf(select, kernels)],
    perStep,
  };
}
