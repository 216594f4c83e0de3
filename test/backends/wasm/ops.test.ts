/** The table of operation cases on the WebAssembly backend, in both modules, against the CPU backend: every element. */

import { beforeAll, describe, expect, test } from "vitest";
import { createCpuBackend } from "../../../src/backends/cpu/backend";
import { createWasmBackend } from "../../../src/backends/wasm/backend";
import type { Ops } from "../../../src/ops/ops";
import { allowRelaxed } from "../../support/node/wasm";
import { difference } from "../../support/shared/difference";
import { opCases } from "../../support/shared/op-cases";

allowRelaxed();

describe.each(["simd", "relaxed"] as const)("%s", (name) => {
  const cpu = createCpuBackend();
  let wasm: Ops;
  beforeAll(async () => {
    wasm = await createWasmBackend(name);
  });

  test.each(opCases.map((c) => [c.name, c] as const))("%s", async (_name, { run }) => {
    const { worst, detail } = difference(await run(wasm), await run(cpu));
    expect(worst, detail).toBeLessThanOrEqual(1);
  });
});
