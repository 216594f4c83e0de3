/** The plans of a model at the size of a real one, made on the fake GPU: no weights, no memory. */

import { createWebGpuBackend } from "../../src/backends/webgpu/backend";
import { kernelsOf } from "../../src/backends/webgpu/operations";
import type { Tuning } from "../../src/backends/webgpu/tuning";
import { SessionPool } from "../../src/generation/device/session";
import { familyOf } from "../../src/models/families/registry";
import { Parameters } from "../../src/models/parameters";
import type { Counters } from "../../src/ops/ops";
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

/** OPUS-MT, and t5-small but for the vocabulary. */
export const BASE: Shape = { width: 512, inner: 2048, heads: 8, layers: 6, vocabulary: 58_101 };

/** config.json of a small model of a family, with the sizes of a larger one. */
export function enlarged(fields: Readonly<Record<string, unknown>>, shape: Shape, encoderLayers = shape.layers) {
  const { width, inner, heads, layers, vocabulary } = shape;
  const sizes: Record<string, number> = {
    d_model: width,
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
  const known = Object.entries(sizes).filter(([name]) => name in fields);
  return { ...fields, ...Object.fromEntries(known), num_hidden_layers: undefined };
}

export interface Workload {
  sentences: number;
  /** Beams of a sentence; 1 is greedy search. */
  beams: number;
  /** Of sampling: from how many candidates a token is drawn. */
  candidates?: number;
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
  fields: Readonly<Record<string, unknown>>,
  { sentences, beams, candidates, source, target }: Workload,
  tuning: Tuning,
  format: WeightFormat = "f32",
): Promise<Plans> {
  const { ops } = await createWebGpuBackend(tuning, fakeAdapter());
  const family = familyOf(fields);
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
    sourceLength: source,
    targetLength: target,
  });
  const select = await session.select({ candidates });
  const kernels = new Map(kernelsOf(tuning).map((kernel) => [kernel.name, kernel]));
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
