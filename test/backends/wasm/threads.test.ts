/** Calls of kernels on several threads: the same bits as on one, and what happens when a thread dies. */

import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { createWasmBackend } from "../../../src/backends/wasm/backend";
import { instantiate, moduleBytes, sharing, type Kernels } from "../../../src/backends/wasm/kernels";
import { Space } from "../../../src/backends/wasm/memory";
import { SUM } from "../../../src/backends/wasm/numbers";
import { startPool } from "../../../src/backends/wasm/pool";
import { splitKernels } from "../../../src/backends/wasm/split";
import { smallestWorthwhile } from "../../../src/backends/wasm/threads";
import { more } from "../../support/shared/audio-operations";
import type { Ops } from "../../../src/ops/ops";
import { failureOf } from "../../support/node/failure";
import { EVERYTHING } from "../../support/node/volume";
import { allowRelaxed } from "../../support/node/wasm";
import { opCases } from "../../support/shared/op-cases";
import { random } from "../../support/shared/random";

allowRelaxed();

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);
const sameBits = (a: ArrayBufferView, b: ArrayBufferView): boolean => bytesOf(a).equals(bytesOf(b));

async function shared() {
  const space = new Space(true);
  const module = await WebAssembly.compile(sharing(moduleBytes("simd")));
  return { space, module, kernels: await instantiate(module, space.memory) };
}

describe.each(["simd", "relaxed"] as const)("%s", (name) => {
  let one: Ops;
  const several: Ops[] = [];
  beforeAll(async () => {
    const onWarning = (message: string): never => {
      throw new Error(message);
    };
    one = await createWasmBackend(name, { threads: 1 }, more);
    // How a call is split does not depend on the module.
    for (const threads of EVERYTHING ? [2, 5] : [name === "simd" ? 2 : 5])
      several.push(await createWasmBackend(name, { threads, onWarning, smallest: 0 }, more));
    return () => [one, ...several].forEach((ops) => ops.dispose());
  });

  test.each(opCases.map((c) => [c.name, c] as const))("%s is the same to the bit", async (_name, { run }) => {
    const expected = await run(one);
    for (const ops of several) {
      const found = await run(ops);
      // toEqual takes a second for a million numbers, so it only words what differs.
      if (!found.every((values, i) => sameBits(values, expected[i]))) expect(found).toEqual(expected);
      expect(found.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
    }
  });
});

describe("a pool", () => {
  test("computes thousands of calls, with pauses in which its threads fall asleep", async () => {
    const { space, module, kernels } = await shared();
    const pool = await startPool(3, module, kernels, space);
    const split = splitKernels(kernels, pool, space, 0);
    const [m, n, k] = [1, 96, 32];
    const x = space.take(4 * 4096);
    const [w, y] = [x + 4 * k, x + 4 * (k + n * k)];
    const rng = random(3);
    for (let call = 0; call < 5000; call++) {
      new Float32Array(space.memory.buffer, x, k).set(rng.normal(k));
      if (call % 100 === 0) new Float32Array(space.memory.buffer, w, n * k).set(rng.normal(n * k));
      kernels.product(0, x, w, y, 4 * n, m, n, k, SUM, 0);
      const expected = new Float32Array(space.memory.buffer, y, n).slice();
      new Float32Array(space.memory.buffer, y, n).fill(NaN);
      split.product(0, x, w, y, 4 * n, m, n, k, SUM, 0);
      expect(new Float32Array(space.memory.buffer, y, n)).toEqual(expected);
      if (call % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    pool.dispose();
  });

  test("goes on where its threads were ended: this one does all of the work", async () => {
    const { space, module, kernels } = await shared();
    const pool = await startPool(3, module, kernels, space);
    pool.dispose();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const at = space.take(4 * 64);
    new Float32Array(space.memory.buffer, at, 64).fill(2);
    splitKernels(kernels, pool, space, 0).finish(at, 8, 8, 0.5, 0, 0, 0, 0);
    expect(new Float32Array(space.memory.buffer, at, 64)).toEqual(new Float32Array(64).fill(1));
  });

  test.each(["a thread of the pool", "this thread"])("fails for good once %s has trapped", async (who) => {
    const { space, module, kernels } = await shared();
    let busy = false;
    const mine: Kernels = {
      ...kernels,
      softmax(...args) {
        // This thread holds its part until the other one has taken the rest.
        const end = performance.now() + 300;
        while (who !== "this thread" && busy && performance.now() < end);
        kernels.softmax(...args);
      },
    };
    const pool = await startPool(2, module, mine, space);
    const good = space.take(64);
    pool.run("softmax", [[good, good, 1, 4]]);
    busy = true;
    // Addresses near the end of the 4 GiB. This thread takes the last part first.
    const [bad, fine] = [
      [0xfffffff0, 0xfffffff0, 1, 4],
      [good, good, 1, 4],
    ];
    const parts = who === "this thread" ? [bad, bad] : [bad, fine];
    const first = await failureOf(async () => pool.run("softmax", parts));
    expect([first.code, first.message]).toEqual(["device_lost", "A thread of the WebAssembly kernels has failed."]);
    expect((await failureOf(async () => pool.run("softmax", [fine]))).code).toBe("device_lost");
  });

  test("is measured in less than a tenth of a second, and its choice is a size that was measured", async () => {
    const { space, module, kernels } = await shared();
    const pool = await startPool(2, module, kernels, space);
    const begun = performance.now();
    const smallest = smallestWorthwhile(kernels, pool, space);
    expect(performance.now() - begun).toBeLessThan(2000);
    expect([undefined, 32_768, 131_072, 524_288, 2_097_152]).toContain(smallest);
    pool.dispose();
  });
});

describe("threads that can't be had", () => {
  afterEach(() => vi.unstubAllGlobals());

  test("are warned of where a number of them was asked for, and one computes", async () => {
    vi.stubGlobal("crossOriginIsolated", false);
    const warnings: string[] = [];
    const onWarning = (message: string) => void warnings.push(message);
    for (const threads of ["auto", 1, 4] as const) {
      const ops = await createWasmBackend("simd", { threads, onWarning });
      ops.dispose();
    }
    expect(warnings).toEqual([
      expect.stringMatching(/^load: threads: 4 has no effect: the page is not cross-origin isolated/),
    ]);
  });
});
