/** The table of operation cases on the WebAssembly backend, in both modules, against the CPU backend: every element. */

import { beforeAll, describe, expect, test } from "vitest";
import { createCpuBackend } from "../../../src/backends/cpu/backend";
import { createWasmBackend } from "../../../src/backends/wasm/backend";
import { more } from "../../support/shared/audio-operations";
import type { Ops } from "../../../src/ops/ops";
import { asFloats, type Tensor } from "../../../src/tensor/tensor";
import { allowRelaxed } from "../../support/node/wasm";
import { difference } from "../../support/shared/difference";
import { opCases } from "../../support/shared/op-cases";
import { random } from "../../support/shared/random";

allowRelaxed();

const q8Cases = opCases.filter((c) => c.name.includes(" q8 "));

describe.each(["simd", "relaxed"] as const)("%s", (name) => {
  const cpu = createCpuBackend("f32", more);
  let wasm: Ops;
  beforeAll(async () => {
    wasm = await createWasmBackend(name, {}, more);
  });

  test.each(opCases.map((c) => [c.name, c] as const))("%s", async (_name, { run }) => {
    const { worst, detail } = difference(await run(wasm), await run(cpu));
    expect(worst, detail).toBeLessThanOrEqual(1);
  });
});

describe("weights in f16", () => {
  const [k, n] = [13, 9];
  const sums = async (ops: Ops, change: (w: Tensor) => void, scale: number): Promise<Float32Array> => {
    const values = (seed: number): Float32Array => random(seed).normal(n * k, scale);
    const w = ops.create([n, k], "f16", "weights", values(1));
    const x = ops.create([1, 2, k], "f32", "activations", random(3).normal(2 * k));
    const bias = ops.create([n], "f32", "weights");
    const plan = await ops.record("test", () => ops.linear(x, w, { bias }));
    const all = { start: 0, count: 2 * n };
    await ops.submit([plan], [{ tensor: plan.outputs, ...all }]);
    // Once a kernel has had it, JavaScript reads the same halves and may write others.
    change(w);
    const found = await ops.submit(
      [plan],
      [
        { tensor: plan.outputs, ...all },
        { tensor: w, start: 0, count: n * k },
      ],
    );
    return Float32Array.from(found.flatMap((data) => [...asFloats(data as Uint32Array)]));
  };

  test.each([
    ["subnormal halves", 1e-5],
    ["weights", 0.1],
    ["halves of 128 and more", 200],
  ])("are read and written between calls: %s", async (_name, scale) => {
    const wasm = await createWasmBackend();
    const cpu = createCpuBackend();
    for (const change of [
      () => undefined,
      (ops: Ops, w: Tensor) => ops.write(w, random(2).normal(n * k, scale)),
      (ops: Ops, w: Tensor) => ops.write(w, new Float32Array(k).fill(1000), 2 * k),
    ]) {
      const [actual, expected] = await Promise.all(
        [wasm, cpu].map((ops) => sums(ops, (w) => void change(ops, w), scale)),
      );
      const { worst, detail } = difference([actual], [expected]);
      expect(worst, detail).toBeLessThanOrEqual(1);
      expect(actual.subarray(2 * n)).toEqual(expected.subarray(2 * n));
    }
    wasm.dispose();
    expect(wasm.memory().weights).toBe(0);
  });
});

// In Node 20, whose draft of the relaxed instructions has the other meaning, "relaxed" has to fall back to "simd".
describe.each(["simd", "relaxed"] as const)("int8, %s", (name) => {
  const [cpu, exact] = [createCpuBackend("int8"), createCpuBackend()];
  let wasm: Ops;
  beforeAll(async () => {
    wasm = await createWasmBackend(name, { arithmetic: "int8" });
  });

  test.each(q8Cases.map((c) => [c.name, c] as const))("%s", async (_name, { run }) => {
    const { worst, detail } = difference(await run(wasm), await run(cpu));
    expect(worst, detail).toBeLessThanOrEqual(1);
  });

  test("is another arithmetic than f32, in products alone", async () => {
    for (const { name, run } of q8Cases) {
      const { worst } = difference(await run(wasm), await run(exact));
      // One element of a row is its own scale: it keeps its value.
      if (name.startsWith("embed") || name.includes(" K1 ")) expect(worst, name).toBeLessThanOrEqual(1);
      else expect(worst, name).toBeGreaterThan(1);
    }
  });

  test("changes nothing where weights are not q8", async () => {
    for (const { name, run } of opCases.filter((c) => /^linear (f16|q4|B)/.test(c.name))) {
      const { worst } = difference(await run(wasm), await run(exact));
      expect(worst, name).toBeLessThanOrEqual(1);
    }
  });
});
