/** The fixtures of test/goldens/families.py, and what a result must have in common with one. For Node. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect } from "vitest";
import { readGoldenFolder, worstOf } from "./vanilla";
import type { FamilyResult, GoldenInput } from "../shared/models";

export const FAMILIES = "test/goldens/families";

export const familyNames: readonly string[] = readdirSync(FAMILIES).sort();

export interface Checkpoint {
  name: string;
  /** config.json */
  fields: Record<string, unknown> & { model_type: string };
  /** The tensors of model.safetensors; none where the weights are in other files. */
  shapes: Map<string, number[]>;
}

export function readCheckpoint(name: string): Checkpoint {
  const folder = `${FAMILIES}/${name}`;
  const fields = JSON.parse(readFileSync(`${folder}/config.json`, "utf8")) as Checkpoint["fields"];
  const path = `${folder}/model.safetensors`;
  const file = existsSync(path) ? readFileSync(path) : undefined;
  const header = file ? file.subarray(8, 8 + Number(file.readBigUInt64LE(0))).toString() : "{}";
  const tensors = Object.entries(JSON.parse(header) as Record<string, { shape: number[] }>);
  const shapes = tensors.filter(([key]) => key !== "__metadata__").map(([key, { shape }]) => [key, shape] as const);
  return { name, fields, shapes: new Map(shapes) };
}

const checkpoints = familyNames.map(readCheckpoint);

/** Every `model_type` that has a checkpoint here. */
export const goldenTypes: readonly string[] = [...new Set(checkpoints.map(({ fields }) => fields.model_type))];

/** The first checkpoint of each `model_type`, of those with one model.safetensors that fit. */
export function onePerFamily(fits: (checkpoint: Checkpoint) => boolean = () => true): string[] {
  const whole = checkpoints.filter((checkpoint) => checkpoint.shapes.size > 0 && fits(checkpoint));
  return [...new Map(whole.reverse().map(({ name, fields }) => [fields.model_type, name])).values()].sort();
}

export interface FamilyGolden extends GoldenInput {
  sequences: number[][];
  sequences_alone: number[][];
  token_logprobs: number[][];
  beam_sequences: number[][];
  beam_scores: number[];
  best_sequences: number[][];
  best_scores: number[];
  tensors: Map<string, { shape: number[]; data: Float32Array }>;
}

export const readFamily = (name: string): Promise<FamilyGolden> =>
  readGoldenFolder<FamilyGolden>(`${FAMILIES}/${name}`);

/** Throws where a result differs from Hugging Face's; returns the worst logit in units of the tolerance. */
export function expectFamily(result: FamilyResult, golden: FamilyGolden): number {
  const tensor = (name: string) => golden.tensors.get(name) ?? expect.fail(`golden.safetensors has no ${name}`);

  const states = tensor("encoder_last_hidden_state");
  const width = states.shape[2];
  const real = golden.attention_mask.flat();
  const picked = (i: number) => real[Math.floor(i / width)] === 1;
  expect(worstOf(result.states, states.data, picked), "encoder states").toBeLessThanOrEqual(1);

  const logits = tensor("logits").data;
  const worst = worstOf(result.logits, logits);
  expect(worst, "logits").toBeLessThanOrEqual(1);
  const first = logits.subarray(0, result.logitsWithoutMask.length);
  expect(worstOf(result.logitsWithoutMask, first), "logits without a mask").toBeLessThanOrEqual(1);

  expect(result.padded.sequences).toEqual(golden.sequences);
  expect(result.batch.sequences).toEqual(golden.sequences);
  expect(result.alone.map(({ sequences }) => sequences[0])).toEqual(golden.sequences_alone);
  golden.token_logprobs.forEach((expected, row) => {
    expect(worstOf(result.batch.token_logprobs?.[row] ?? [], expected), "log-probabilities").toBeLessThanOrEqual(1);
    expect(worstOf(result.alone[row].token_logprobs?.[0] ?? [], expected)).toBeLessThanOrEqual(1);
  });

  expect(result.beams.sequences).toEqual(golden.beam_sequences);
  expect(worstOf(result.beams.sequences_scores ?? [], golden.beam_scores), "beam scores").toBeLessThanOrEqual(1);
  expect(result.best.sequences).toEqual(golden.best_sequences);
  expect(worstOf(result.best.sequences_scores ?? [], golden.best_scores), "n-best scores").toBeLessThanOrEqual(1);
  return worst;
}
