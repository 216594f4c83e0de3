/** The fixtures of test/goldens/captures.py, and what a result must have in common with one. For Node. */

import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { ForwardInput } from "../../../src/index";
import { toFloat32 } from "../../../src/loading/formats/dtypes";
import { readSafetensors } from "../../../src/loading/formats/safetensors";
import { HostTensor } from "../../../src/tensor/host-tensor";
import { FIELDS, type Captures } from "../shared/captures";
import { FAMILIES, readFamily } from "./families";
import { worstOf } from "./vanilla";
import { openBytes } from "../shared/safetensors";

const [ROWS, SOURCE, TARGET] = [2, 6, 4];

const tensors = new Map<string, HostTensor>();
const file = openBytes(readFileSync("test/goldens/captures.safetensors"));
for await (const { name, dtype, shape, data } of readSafetensors(file, "captures.safetensors")) {
  tensors.set(name, new HostTensor(toFloat32(dtype, data.slice()), shape));
}

export const captureNames: readonly string[] = [...new Set([...tensors.keys()].map((name) => name.split("/")[0]))];

export const captureSource = (name: string): string => `/${FAMILIES}/${name}`;

/** The corner of a fixture's inputs. */
export async function captureInput(name: string): Promise<ForwardInput> {
  const golden = await readFamily(name);
  const part = (rows: number[][], columns: number) => rows.slice(0, ROWS).map((row) => row.slice(0, columns));
  return {
    input_ids: part(golden.input_ids, SOURCE),
    attention_mask: part(golden.attention_mask, SOURCE),
    decoder_input_ids: part(golden.decoder_input_ids, TARGET),
  };
}

/** Throws where a tensor is missing, has another shape or another element than transformers gives it. */
export function expectCaptures(name: string, captures: Captures): void {
  expect(captures.internals).toMatchObject({ logits: 0, lengths: 0 });
  expect(captures.internals.weights).toBeLessThanOrEqual(2e-6);
  for (const field of FIELDS) {
    const layers = [...tensors].filter(([key]) => key.startsWith(`${name}/${field}/`));
    expect(captures[field]?.length, field).toBe(layers.length);
    expect(layers.length).toBeGreaterThan(0);
    for (const [key, { shape, data }] of layers) {
      const actual = captures[field]?.[Number(key.split("/")[2])];
      expect(actual?.shape, key).toEqual(shape);
      expect(worstOf(actual?.data ?? [], data), key).toBeLessThanOrEqual(1);
    }
  }
}
