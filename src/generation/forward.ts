/** One teacher-forced pass: encoder states and the logits of every target position, nothing kept afterwards. */

import type { Capture, DecoderState, Model } from "../models/model";
import type { Ops } from "../ops/ops";
import { size, type Tensor } from "../tensor/tensor";
import { padded, type Batch } from "./batch";

/** A result in JavaScript. */
export interface HostTensor {
  data: Float32Array;
  shape: number[];
}

export interface ForwardOutput {
  /** (B, T, V) */
  logits: HostTensor;
  /** (B, S, D) */
  encoder_last_hidden_state: HostTensor;
  /** By layer: (B, H, S, S), (B, H, T, T), (B, H, T, S). */
  encoder_attentions?: HostTensor[];
  decoder_attentions?: HostTensor[];
  cross_attentions?: HostTensor[];
  /** The embeddings and each layer's output: (B, S, D), (B, T, D). */
  encoder_hidden_states?: HostTensor[];
  decoder_hidden_states?: HostTensor[];
}

export interface ForwardOptions {
  output_attentions?: boolean;
  output_hidden_states?: boolean;
}

export async function forward(
  ops: Ops,
  model: Model,
  source: Batch,
  target: number[][],
  options: ForwardOptions,
): Promise<ForwardOutput> {
  const b = source.ids.length;
  const s = source.length;
  const t = Math.max(...target.map((row) => row.length));
  const { info } = model;
  // With two vocabularies the pad token may be none of the shorter one.
  const pad = (vocabSize: number): number => (info.padTokenId < vocabSize ? info.padTokenId : 0);
  const ids = ops.create([b, s], "u32", "activations", padded(source.ids, s, pad(info.sourceVocabSize)));
  const mask = ops.create([b, s], "u32", "activations", padded(source.mask, s));
  const targetIds = ops.create([b, t], "u32", "activations", padded(target, t, pad(info.targetVocabSize)));
  const position = ops.create([b], "u32", "activations");
  const caches = Array.from({ length: info.numDecoderLayers }, () =>
    ops.create([b, t, info.cacheWidth], "f32", "cache"),
  );
  const capture = (): Capture => ({
    hiddenStates: options.output_hidden_states ? [] : undefined,
    attentions: options.output_attentions ? [] : undefined,
    crossAttentions: options.output_attentions ? [] : undefined,
  });
  const encoder = capture();
  const decoder = capture();
  const plan = await ops.record("forward", () => {
    const states = model.encode(ids, mask, encoder);
    const state: DecoderState = { caches, cross: model.projectCross(states), mask, position };
    const logits = model.decode(targetIds, state, decoder);
    return { logits, states, encoder, decoder };
  });
  try {
    const read = async (tensor: Tensor): Promise<HostTensor> => {
      const [data] = await ops.submit([], [{ tensor, start: 0, count: size(tensor.shape) }]);
      return { data: data as Float32Array, shape: [...tensor.shape] };
    };
    const readAll = (tensors: Tensor[] | undefined) => tensors && Promise.all(tensors.map(read));
    await ops.submit([plan]);
    return {
      logits: await read(plan.outputs.logits),
      encoder_last_hidden_state: await read(plan.outputs.states),
      encoder_attentions: await readAll(encoder.attentions),
      decoder_attentions: await readAll(decoder.attentions),
      cross_attentions: await readAll(decoder.crossAttentions),
      encoder_hidden_states: await readAll(encoder.hiddenStates),
      decoder_hidden_states: await readAll(decoder.hiddenStates),
    };
  } finally {
    ops.release(plan);
    ops.free([ids, mask, targetIds, position, ...caches]);
  }
}
