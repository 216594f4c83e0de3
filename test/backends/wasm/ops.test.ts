/** The table of operation cases on the WebAssembly backend, in both modules, against the CPU backend: every element. */

import { beforeAll, describe, expect, test } from "vitest";
import { createCpuBackend } from "../../../src/backends/cpu/backend";
import { createWasmBackend } from "../../../src/backends/wasm/backend";
import { more } from "../../support/shared/audio-operations";
import type { Ops } from "../../../src/ops/ops";
import { allowRelaxed } from "../../support/node/wasm";
import { difference } from "../../support/shared/difference";
import { opCases } from "../../support/shared/op-cases";

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
