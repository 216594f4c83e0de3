/** Calls for one teacher-forced pass. */

import { ModelError } from "../errors";
import { checkIds, inputBatch, toRows, type Batch } from "../generation/batch";
import { onEngine, type Engine } from "../generation/engine";
import type { ForwardOptions, ForwardOutput } from "../generation/forward";
import type { ModelInfo } from "../models/model";
import type { Engines } from "./engines";
import { checkBoolean, checkedOptions } from "./options";
import { speechPart, wholePasses } from "./parts";
import type { ForwardInput } from "./results";

/** @returns the pass that the arguments of `forward`, which are checked here, ask for */
export async function forwardCall(
  given: ForwardInput,
  options: ForwardOptions,
  info: ModelInfo,
  onWarning: (message: string) => void,
): Promise<(engine: Engine) => Promise<ForwardOutput>> {
  const names = info.features ? [info.features.name, "attention_mask"] : ["input_ids", "attention_mask"];
  const checked = checkedOptions("forward", given, [...names, "decoder_input_ids"] as (keyof ForwardInput)[]);
  const { input_ids, attention_mask, decoder_input_ids } = checked;
  const { FORWARD_OPTIONS, forward } = await wholePasses();
  const wanted = checkedOptions("forward", options, FORWARD_OPTIONS);
  for (const name of FORWARD_OPTIONS) checkBoolean("forward", name, wanted[name]);
  const input = info.features
    ? (await speechPart()).speechBatch("forward", { ...checked }, info)
    : inputBatch(input_ids, attention_mask, info, { padTokenId: info.padTokenId, onWarning });
  const target = toRows("decoder_input_ids", decoder_input_ids);
  checkIds(target, {
    name: "decoder_input_ids",
    vocabSize: info.targetVocabSize,
    maxLength: info.maxTargetLength,
  });
  if (target.length !== input.ids.length) {
    throw new ModelError(
      "invalid_input",
      `forward: decoder_input_ids has ${target.length} rows, but ${names[0]} has ${input.ids.length}.`,
    );
  }
  return (engine) => onEngine(engine, ({ ops, model }) => forward(ops, model, input, target, wanted));
}

/** The logits (V) after the start token alone, for each row of the input. */
export async function scoresAfter(engines: Engines, batch: Batch, start: number): Promise<Float32Array[]> {
  const { forward } = await wholePasses();
  const target = batch.ids.map(() => [start]);
  const { logits } = await engines.run((engine) =>
    onEngine(engine, ({ ops, model }) => forward(ops, model, batch, target, {})),
  );
  const [rows, , width] = logits.shape;
  return Array.from({ length: rows }, (_, row) => logits.data.subarray(row * width, (row + 1) * width));
}
