/** 400 models with a broken file: each loads and generates, or is refused with a ModelError; none hangs or takes memory. */

import { expect, test } from "vitest";
import { heldBytes } from "../support/node/garbage";
import { KINDS, loadMutants } from "../support/shared/hostile";

test("mutated weights, indices, configurations and tokenizers", async () => {
  const before = heldBytes().arrays;
  const { loaded, refused, codes, wrong, slowest } = await loadMutants(50, 20170612);
  console.log(`${loaded} loaded, ${refused} refused`, codes, slowest);
  expect(wrong).toEqual([]);
  expect(loaded + refused).toBe(51 * KINDS.length);
  // Both ends happen, and for many reasons.
  expect(loaded).toBeGreaterThan(50);
  expect(refused).toBeGreaterThan(150);
  expect(Object.keys(codes).length).toBeGreaterThanOrEqual(5);
  expect(slowest.ms).toBeLessThan(10_000);
  expect(heldBytes().arrays - before).toBeLessThan(8 * 2 ** 20);
});
