/** Who has which bytes of the one memory: taken, given back, taken again, and what happens when it grows or can't. */

import { afterEach, describe, expect, test, vi } from "vitest";
import { createWasmBackend } from "../../../src/backends/wasm/backend";
import { Space } from "../../../src/backends/wasm/memory";
import { failureOf } from "../../support/node/failure";
import { random } from "../../support/shared/random";

const MEGABYTE = 1 << 20;

describe("a space", () => {
  test("gives bytes that nobody else has, at multiples of 16, never at 0", () => {
    const space = new Space();
    const rng = random(1);
    const held: [from: number, bytes: number][] = [];
    for (let i = 0; i < 2000; i++) {
      if (held.length > 40 || (held.length > 0 && rng.next() < 0.45)) {
        const [given] = held.splice(Math.floor(rng.next() * held.length), 1);
        space.give(...given);
      }
      const bytes = Math.floor(rng.next() ** 4 * 300_000);
      const from = space.take(bytes);
      expect(from % 16).toBe(0);
      expect(from).toBeGreaterThan(0);
      expect(from + bytes).toBeLessThanOrEqual(space.memory.buffer.byteLength);
      for (const [other, size] of held) expect(from + bytes <= other || other + size <= from).toBe(true);
      held.push([from, Math.max(1, bytes)]);
    }
    for (const given of held) space.give(...given);
    // All of it is one range again: the largest piece that there is room for fits without growing.
    const size = space.memory.buffer.byteLength;
    expect(space.take(size - 16)).toBe(16);
    expect(space.memory.buffer.byteLength).toBe(size);
  });

  test("grows by what is missing, and says so where it can't", async () => {
    const space = new Space();
    const at = space.take(40 * MEGABYTE);
    expect(space.memory.buffer.byteLength).toBeGreaterThanOrEqual(at + 40 * MEGABYTE);
    const error = await failureOf(async () => space.take(5 * 1024 * MEGABYTE));
    expect(error.code).toBe("out_of_memory");
    expect(error.message).toContain("at most 4 GiB");
    // It goes on with what it has.
    expect(space.take(MEGABYTE)).toBeGreaterThan(0);
  });

  test("has scratch that grows and keeps its address", () => {
    const space = new Space();
    const first = space.scratch(100);
    expect(space.scratch(50)).toBe(first);
    const larger = space.scratch(10_000);
    expect(space.scratch(10_000)).toBe(larger);
  });
});

describe("tensors", () => {
  test("keep their contents when the memory grows, and are zeros when they are new", async () => {
    const ops = await createWasmBackend();
    const data = random(2).normal(1000);
    const tensor = ops.create([10, 100], "f32", "weights", data);
    const plan = await ops.record("softmax", () => ops.softmax(tensor));
    const read = async () => (await ops.submit([plan], [{ tensor: plan.outputs, start: 0, count: 1000 }]))[0];
    const before = await read();
    const large = ops.create([100, MEGABYTE / 4], "f32", "cache");
    expect(await read()).toEqual(before);
    ops.write(tensor, new Float32Array(100), 900);
    expect((await read()).slice(900)).toEqual(new Float32Array(100).fill(0.01));
    ops.write(large, new Float32Array(MEGABYTE / 4).fill(7), 0);
    ops.free([large]);
    const again = ops.create([100, MEGABYTE / 4], "f32", "cache");
    const [zeros] = await ops.submit([], [{ tensor: again, start: 0, count: MEGABYTE / 4 }]);
    expect(zeros.every((value) => value === 0)).toBe(true);
    ops.dispose();
  });

  test("are counted by purpose, and none is left after dispose", async () => {
    const ops = await createWasmBackend();
    ops.create([3, 64], "q8", "weights");
    ops.create([3, 64], "f32", "cache");
    expect(ops.memory()).toEqual({ weights: 3 * 72, cache: 3 * 256, activations: 0, staging: 0 });
    ops.dispose();
    expect(ops.memory()).toEqual({ weights: 0, cache: 0, activations: 0, staging: 0 });
    expect((await failureOf(async () => ops.create([1], "f32", "cache"))).code).toBe("disposed");
  });
});

describe("where WebAssembly can't be had", () => {
  afterEach(() => vi.unstubAllGlobals());

  test.each([
    ["is absent", undefined, "no WebAssembly"],
    ["lacks SIMD", { validate: (): boolean => false }, "without SIMD"],
    [
      "is refused by the page",
      {
        validate: (): boolean => true,
        Module: class {
          constructor() {
            throw new Error("violates the policy");
          }
        },
      },
      "violates the policy",
    ],
  ])("because it %s", async (_why, value, message) => {
    vi.stubGlobal("WebAssembly", value);
    const error = await failureOf(() => createWasmBackend());
    expect(error.code).toBe("unsupported_device");
    expect(error.message).toContain(message);
    expect(error.hint).toContain("wasm-unsafe-eval");
  });
});
