/** The vanilla fixtures of test/goldens/vanilla.py, and what a result must have in common with one. For Node. */

import { readdirSync, readFileSync } from "node:fs";
import { expect } from "vitest";
import { toFloat32 } from "../../../src/loading/formats/dtypes";
import { readSafetensors } from "../../../src/loading/formats/safetensors";
import type { GoldenInput, GoldenResult } from "../shared/models";
import { openBytes } from "../shared/safetensors";

export const VANILLA = "test/goldens/vanilla";

export const vanillaNames: readonly string[] = readdirSync(VANILLA).sort();

export interface Golden extends GoldenInput {
  sequences: number[][];
  sequences_alone: number[][];
  token_logprobs: number[][];
  tensors: Map<string, { shape: number[]; data: Float32Array }>;
}

export const readGolden = (name: string): Promise<Golden> => readGoldenFolder<Golden>(`${VANILLA}/${name}`);

/** golden.json, with the tensors of golden.safetensors. */
export async function readGoldenFolder<G extends Pick<Golden, "tensors">>(folder: string): Promise<G> {
  const golden = JSON.parse(readFileSync(`${folder}/golden.json`, "utf8")) as G;
  golden.tensors = new Map();
  const file = openBytes(readFileSync(`${folder}/golden.safetensors`));
  for await (const { name: tensor, dtype, shape, data } of readSafetensors(file, "golden.safetensors")) {
    golden.tensors.set(tensor, { shape, data: toFloat32(dtype, data.slice()) });
  }
  return golden;
}

/** The largest |actual - expected| / (1e-4 + 1e-4 |expected|) over the elements that `where` picks; at most 1 is equal. */
export function worstOf(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  where: (index: number) => boolean = () => true,
): number {
  expect(actual.length).toBe(expected.length);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    if (!where(i)) continue;
    const off = Math.abs(actual[i] - expected[i]) / (1e-4 + 1e-4 * Math.abs(expected[i]));
    if (!(off <= worst)) worst = Number.isNaN(off) ? Infinity : off;
  }
  return worst;
}

/** Throws where a result differs from PyTorch's; returns the worst logit in units of the tolerance. */
export function expectGolden(result: GoldenResult, golden: Golden): number {
  const tensor = (name: string) => golden.tensors.get(name) ?? expect.fail(`golden.safetensors has no ${name}`);

  const logits = tensor("logits").data;
  const worst = worstOf(result.logits, logits);
  expect(worst).toBeLessThanOrEqual(1);
  const first = logits.subarray(0, result.logitsWithoutMask.length);
  expect(worstOf(result.logitsWithoutMask, first), "logits without a mask").toBeLessThanOrEqual(1);

  const states = tensor("encoder_last_hidden_state");
  const width = states.shape[2];
  const real = golden.attention_mask.flat();
  expect(worstOf(result.states, states.data, (i) => real[Math.floor(i / width)] === 1)).toBeLessThanOrEqual(1);

  expect(result.batch.sequences).toEqual(golden.sequences);
  expect(result.alone.map(({ sequences }) => sequences[0])).toEqual(golden.sequences_alone);
  golden.token_logprobs.forEach((expected, row) => {
    expect(worstOf(result.batch.token_logprobs?.[row] ?? [], expected)).toBeLessThanOrEqual(1);
    expect(worstOf(result.alone[row].token_logprobs?.[0] ?? [], expected)).toBeLessThanOrEqual(1);
  });

  // Row 0: (layers, heads, T, S) in the golden, [step][layer] (heads x S) in the result.
  const { shape, data } = tensor("cross_attentions");
  const [layers, heads, steps, source] = shape;
  const attentions = result.batch.cross_attentions?.[0] ?? [];
  expect(attentions.length).toBe(steps);
  for (let step = 0; step < steps; step++) {
    for (let layer = 0; layer < layers; layer++) {
      const expected = Float32Array.from({ length: heads * source }, (_, i) => {
        const [head, s] = [Math.floor(i / source), i % source];
        return data[((layer * heads + head) * steps + step) * source + s];
      });
      expect(worstOf(attentions[step][layer], expected)).toBeLessThanOrEqual(1);
    }
  }
  return worst;
}
