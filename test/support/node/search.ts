/** The goldens of test/goldens/search.py, and what an answer must have in common with one. For Node. */

import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { DeviceAnswer, SearchGolden, Tables } from "../shared/toy";

export interface SearchGoldens {
  rows: number[][];
  tables: Record<string, Tables>;
  cases: SearchGolden[];
}

export const readSearchGoldens = (): SearchGoldens =>
  JSON.parse(readFileSync("test/goldens/search.json", "utf8")) as SearchGoldens;

/** Ids exactly, log-probabilities and scores to 1e-4. */
export function expectFound(actual: DeviceAnswer["found"], expected: SearchGolden["found"], name = ""): void {
  expect(
    actual.map(({ tokens }) => tokens),
    name,
  ).toEqual(expected.map(({ sequence }) => sequence));
  actual.forEach(({ logprobs, score }, i) => {
    expectNear(logprobs, expected[i].logprobs.map(Number), name);
    if (expected[i].score !== undefined) expectNear([score ?? NaN], [Number(expected[i].score)], name);
  });
}

function expectNear(actual: number[], expected: number[], name: string): void {
  expect(actual, name).toHaveLength(expected.length);
  actual.forEach((value, i) => {
    // "-inf" in the golden.
    if (Number.isNaN(expected[i])) expect(value, name).toBe(-Infinity);
    else expect(Math.abs(value - expected[i]), name).toBeLessThan(1e-4);
  });
}
