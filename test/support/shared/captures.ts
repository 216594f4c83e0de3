/** Hidden states and attentions of a forward pass, and what a step costs; runs in a page and in Node. */

import { createWebGpuBackend } from "../../../src/backends/webgpu/backend";
import type { Seq2Seq, ForwardInput, ForwardOutput, Source } from "../../../src/index";
import { loadForGoldens } from "./in-this-thread";
import { checkInternals, type InternalsCheck } from "./internals";
import { readModel } from "../../../src/engine/load";
import { openSource } from "../../../src/loading/sources/source";
import type { DecoderState } from "../../../src/models/model";

export const FIELDS = [
  "encoder_hidden_states",
  "decoder_hidden_states",
  "encoder_attentions",
  "decoder_attentions",
  "cross_attentions",
] as const;

export type Captures = Pick<ForwardOutput, (typeof FIELDS)[number]> & { internals: InternalsCheck };

export async function runCaptures(source: Source, device: Seq2Seq["device"], input: ForwardInput): Promise<Captures> {
  const model = await loadForGoldens(source, { device });
  const output = await model.forward(input, {
    output_attentions: true,
    output_hidden_states: true,
    output_internals: true,
    output_layer_logits: true,
  });
  await model.dispose();
  const internals = checkInternals(output, /t5/.test(model.config.model_type));
  return { ...Object.fromEntries(FIELDS.map((field) => [field, output[field]])), internals };
}

export interface StepCost {
  decoderLayers: number;
  /** Of one token: decoder, vocabulary, greedy selection. */
  dispatches: number;
  /** All that encoding a batch and decoding it greedily need. */
  pipelines: number;
}

export async function stepCost(source: Source): Promise<StepCost> {
  const createOps = async () => (await createWebGpuBackend()).ops;
  const { ops, model } = await (await readModel(openSource(source))).place(createOps, {});
  const { info } = model;
  const [rows, s, t] = [2, 8, 8];
  const u32 = (...shape: number[]) => ops.create(shape, "u32", "activations");
  const [mask, position, token] = [u32(rows, s), u32(rows), u32(rows, 1)];
  const caches = Array.from({ length: info.numDecoderLayers }, () =>
    ops.create([rows, t, info.cacheWidth], "f32", "cache"),
  );
  const encode = await ops.record("encode", () => model.projectCross(model.encode({ input: u32(rows, s), mask })));
  const state: DecoderState = { caches, cross: encode.outputs, mask, position };
  const selection = {
    ...{ token, position, finished: u32(rows), history: u32(t, rows), eos: u32(1), pad: 0 },
    logprobs: ops.create([t, rows], "f32", "activations"),
  };
  const step = await ops.record("step", () => ops.selectGreedy(model.decode(token, state), selection));
  const before = ops.counters().dispatches;
  await ops.submit([step]);
  const { dispatches, pipelines_created } = ops.counters();
  ops.dispose();
  return { decoderLayers: info.numDecoderLayers, dispatches: dispatches - before, pipelines: pipelines_created };
}
