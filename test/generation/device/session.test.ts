/** Sessions are used again, and what they hold is given back. On the CPU backend, with the least of models. */

import { expect, it } from "vitest";
import { createCpuBackend } from "../../../src/backends/cpu/backend";
import { SessionPool } from "../../../src/generation/device/session-pool";
import { Parameters } from "../../../src/models/parameters";
import { familyOf } from "../../../src/models/families/registry";
import { tinyConfig, tinyFields, tinyShapes } from "../../support/shared/tiny";

const sizes = (batchSize: number, sourceLength: number, targetLength: number, width = 1) => ({
  batchSize,
  sourceLength,
  targetLength,
  width,
  endTokens: 1,
});

function setUp(keep?: number) {
  const ops = createCpuBackend();
  const config = tinyConfig({ layers: 1 });
  const fields = tinyFields(config);
  const announced = [...tinyShapes(config)].map(([name, shape]) => ({ name, shape }));
  const model = familyOf(fields).build(ops, fields, new Parameters(ops, announced));
  return { ops, pool: new SessionPool(ops, model, keep) };
}

it("a session that fits is taken again", async () => {
  const { pool } = setUp();
  const first = await pool.take(sizes(2, 5, 8));
  pool.give(first);
  expect(await pool.take(sizes(2, 5, 8))).toBe(first);
});

it("a longer cache serves a shorter target, another source length or row count does not", async () => {
  const { pool } = setUp();
  const first = await pool.take(sizes(2, 5, 8));
  pool.give(first);
  for (const [rows, source, target] of [
    [1, 5, 8],
    [2, 6, 8],
    [2, 5, 9],
  ]) {
    expect(await pool.take(sizes(rows, source, target))).not.toBe(first);
  }
  expect(await pool.take(sizes(2, 5, 3))).toBe(first);
});

it("a session serves one call at a time", async () => {
  const { pool } = setUp();
  const [first, second] = [await pool.take(sizes(1, 4, 4)), await pool.take(sizes(1, 4, 4))];
  expect(first).not.toBe(second);
});

it("the oldest are freed beyond those that are kept", async () => {
  const { ops, pool } = setUp(2);
  const weights = ops.memory();
  const sessions = [await pool.take(sizes(1, 4, 4)), await pool.take(sizes(1, 5, 4)), await pool.take(sizes(1, 6, 4))];
  for (const session of sessions) pool.give(session);
  const kept = ops.memory();
  expect(await pool.take(sizes(1, 4, 4))).not.toBe(sessions[0]);
  expect(await pool.take(sizes(1, 5, 4))).toBe(sessions[1]);
  expect(await pool.take(sizes(1, 6, 4))).toBe(sessions[2]);
  expect(kept.cache).toBeGreaterThan(weights.cache);
  for (const session of [sessions[1], sessions[2], await pool.take(sizes(1, 4, 4))]) session.dispose();
});

it("a disposed session leaves nothing behind", async () => {
  const { ops, pool } = setUp();
  const before = ops.memory();
  const session = await pool.take(sizes(3, 7, 9));
  expect(ops.memory()).not.toEqual(before);
  session.dispose();
  expect(ops.memory()).toEqual(before);
});
