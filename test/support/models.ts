/** Functions that browser tests call inside the page; they go through the public API only. */

import { Seq2Seq, type ForwardOutput, type GenerateOutput, type GenerationConfig, type Memory } from "../../src/index";

export interface GenerateResult extends Omit<GenerateOutput, "cross_attentions"> {
  /** [row][step][layer] as plain arrays. */
  cross_attentions?: number[][][][];
}

/** Loads a model, generates once for each list of rows and disposes of it. */
export async function generateAll(
  source: string,
  device: "webgpu" | "cpu",
  batches: number[][][],
  options: GenerationConfig,
): Promise<{ results: GenerateResult[]; memoryAfterDispose: Memory }> {
  const model = await Seq2Seq.load(source, { device });
  const results: GenerateResult[] = [];
  for (const rows of batches) {
    const { cross_attentions: attentions, ...rest } = await model.generate(rows, options);
    const plain = attentions?.map((row) => row.map((step) => step.map((layer) => Array.from(layer))));
    results.push({ ...rest, cross_attentions: plain });
  }
  await model.dispose();
  return { results, memoryAfterDispose: model.memory() };
}

export interface ForwardResult {
  logits: number[];
  shape: number[];
  states: number[];
  statesShape: number[];
}

/** One teacher-forced pass, as plain arrays. */
export async function forwardOnce(
  source: string,
  device: "webgpu" | "cpu",
  input: { input_ids: number[][]; attention_mask?: number[][]; decoder_input_ids: number[][] },
): Promise<ForwardResult> {
  const model = await Seq2Seq.load(source, { device });
  const { logits, encoder_last_hidden_state: states }: ForwardOutput = await model.forward(input);
  await model.dispose();
  return {
    logits: Array.from(logits.data),
    shape: logits.shape,
    states: Array.from(states.data),
    statesShape: states.shape,
  };
}
