/** One teacher-forced pass: the encoder states, and the logits of every target position. Nothing is kept on the device. */

import type { Capture, DecoderState, Model } from "../models/model";
import type { Ops, Plan } from "../ops/ops";
import { HostTensor } from "../tensor/host-tensor";
import { size, type Tensor } from "../tensor/tensor";
import { namesOf } from "../util/names-of";
import { padded, rowOf, type Batch } from "./batch";
import { createSource, writeSource } from "./device/source";
import { internalTensors, readInternals, type StackInternals } from "./internals";

/**
 * What `Seq2Seq.forward` returns, by the names of `Seq2SeqLMOutput` in Hugging Face transformers. B rows, S tokens of the
 * longest source, T tokens of the longest target, V tokens of the vocabulary, D the width of the model, H heads. `generate`
 * returns the same tensors under the same names, cut by sequence and step.
 */
export interface ForwardOutput {
  /** (B, T, V): the scores of every next token before the softmax. */
  logits: HostTensor;
  /** (B, S, D): what the decoder reads of the source. */
  encoder_last_hidden_state: HostTensor;
  /** With `output_attentions`, per layer (B, H, S, S): the weights of the encoder's self-attention. */
  encoder_attentions?: HostTensor[];
  /** With `output_attentions`, per layer (B, H, T, T): the weights of the decoder's self-attention. */
  decoder_attentions?: HostTensor[];
  /** With `output_attentions`, per layer (B, H, T, S): the weights of the cross-attention. */
  cross_attentions?: HostTensor[];
  /** With `output_hidden_states`, (B, S, D) each: what the encoder's first layer reads, then each layer's output. */
  encoder_hidden_states?: HostTensor[];
  /** With `output_hidden_states`, (B, T, D) each: what the decoder's first layer reads, then each layer's output. */
  decoder_hidden_states?: HostTensor[];
  /** With `output_internals`: what goes on inside the encoder's layers. */
  encoder_internals?: StackInternals;
  /** With `output_internals`: what goes on inside the decoder's layers. */
  decoder_internals?: StackInternals;
  /**
   * With `output_layer_logits`, per decoder layer (B, T, V): the logits if the decoder ended with this layer (the "logit lens",
   * nostalgebraist 2020). The last ones are `logits`.
   */
  layer_logits?: HostTensor[];
}

/** What `Seq2Seq.forward` is to return beside the logits and the encoder's states. */
export interface ForwardOptions {
  /** Adds the attention weights of every layer. Default false. */
  output_attentions?: boolean;
  /** Adds the hidden states of every layer. Default false. */
  output_hidden_states?: boolean;
  /** Adds positions, queries, keys, values and feed-forwards of every layer. Not an option of transformers. Default false. */
  output_internals?: boolean;
  /** Adds the logits after every decoder layer: L times the size of `logits`. Not an option of transformers. Default false. */
  output_layer_logits?: boolean;
}

/** The names of all of them. */
export const FORWARD_OPTIONS = namesOf<ForwardOptions>({
  output_attentions: true,
  output_hidden_states: true,
  output_internals: true,
  output_layer_logits: true,
});

export async function forward(
  ops: Ops,
  model: Model,
  input: Batch,
  target: number[][],
  options: ForwardOptions,
): Promise<ForwardOutput> {
  const b = input.ids.length;
  const s = input.length;
  const t = Math.max(...target.map((row) => row.length));
  const { info } = model;
  // With two vocabularies the pad token may lie outside of the smaller one.
  const pad = (vocabSize: number): number => (info.padTokenId < vocabSize ? info.padTokenId : 0);
  const created: Tensor[] = [];
  const create = (...args: Parameters<Ops["create"]>): Tensor => {
    const tensor = ops.create(...args);
    created.push(tensor);
    return tensor;
  };
  const capture = (): Capture => ({
    hiddenStates: options.output_hidden_states ? [] : undefined,
    attentions: options.output_attentions ? [] : undefined,
    crossAttentions: options.output_attentions ? [] : undefined,
    internals: options.output_internals ? internalTensors() : undefined,
  });
  const encoder = capture();
  const decoder = capture();
  if (options.output_layer_logits) Object.assign(decoder, { layerLogits: [], layerEnds: [] } satisfies Capture);
  let plan: Plan<{ logits: Tensor; states: Tensor }> | undefined;
  try {
    const source = createSource(create, info, b, s);
    const rows = input.ids.map((_, row) => rowOf(input, row));
    writeSource(ops, source, rows, pad(info.sourceVocabSize));
    const targetIds = create([b, t], "u32", "activations", padded(target, t, pad(info.targetVocabSize)));
    const position = create([b], "u32", "activations");
    const caches = Array.from({ length: info.numDecoderLayers }, () => create([b, t, info.cacheWidth], "f32", "cache"));
    plan = await ops.record("forward", () => {
      const states = model.encode(source, encoder);
      const state: DecoderState = { caches, cross: model.projectCross(states), mask: source.mask, position };
      const logits = model.decode(targetIds, state, decoder);
      return { logits, states, encoder, decoder };
    });
    const read = async (tensor: Tensor): Promise<HostTensor> => {
      const [data] = await ops.submit([], [{ tensor, start: 0, count: size(tensor.shape) }]);
      return new HostTensor(data as Float32Array, tensor.shape);
    };
    const readAll = (tensors: Tensor[] | undefined) => tensors && Promise.all(tensors.map(read));
    const inside = ({ internals }: Capture) => internals && readInternals(internals, read);
    await ops.submit([plan]);
    return {
      logits: await read(plan.outputs.logits),
      encoder_last_hidden_state: await read(plan.outputs.states),
      encoder_attentions: await readAll(encoder.attentions),
      decoder_attentions: await readAll(decoder.attentions),
      cross_attentions: await readAll(decoder.crossAttentions),
      encoder_hidden_states: await readAll(encoder.hiddenStates),
      decoder_hidden_states: await readAll(decoder.hiddenStates),
      encoder_internals: await inside(encoder),
      decoder_internals: await inside(decoder),
      layer_logits: await readAll(decoder.layerLogits),
    };
  } finally {
    if (plan) ops.release(plan);
    ops.free(created);
  }
}
