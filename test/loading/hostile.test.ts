/** 400 models with a broken file: each loads and generates, or is refused with a ModelError; none hangs or takes memory. */

import { expect, test } from "vitest";
import { KINDS, loadMutants } from "../support/shared/hostile";

test("mutated weights, indices, configurations and tokenizers", { timeout: 240_000 }, async () => {
  const before = process.memoryUsage().arrayBuffers;
  const { loaded, refused, codes, wrong, slowest } = await loadMutants(50, 20170612);
  console.log(`${loaded} loaded, ${refused} refused`, codes, slowest);
  expect(wrong).toEqual([]);
  expect(loaded + refused).toBe(51 * KINDS.length);
  // Both ends happen, and for many reasons.
  expect(loaded).toBeGreaterThan(50);
  expect(refused).toBeGreaterThan(150);
  expect(Object.keys(codes).length).toBeGreaterThanOrEqual(5);
  expect(slowest.ms).toBeLessThan(10_000);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(600 * 2 ** 20);
});
