/** The WebAssembly backend in a page: the table of operations, and the integer products of both modules. */

import { createCpuBackend } from "../../../src/backends/cpu/backend";
import { createWasmBackend } from "../../../src/backends/wasm/backend";
import { more } from "../shared/audio-operations";
import { instantiate, moduleBytes, type ModuleName } from "../../../src/backends/wasm/kernels";
import { BLOCK, pack } from "../../../src/tensor/weight-format";
import type { OperationName } from "../shared/op-bench";
import { compareCases, type Comparison } from "./op-compare";
import { random, type Random } from "../shared/random";

/** The table of operations, or the cases with one of them, in a module. */
export async function compareWasm(name: ModuleName, operation?: OperationName): Promise<Comparison[]> {
  const wasm = await createWasmBackend(name, {}, more);
  const comparisons = await compareCases(wasm, operation);
  wasm.dispose();
  return comparisons;
}

/** The cases with q8 weights in int8 arithmetic. */
export async function compareInt8(name: ModuleName): Promise<Comparison[]> {
  const wasm = await createWasmBackend(name, { arithmetic: "int8" });
  const cpu = createCpuBackend("int8");
  const comparisons = await compareCases(wasm, undefined, ({ run }) => run(cpu), " q8 ");
  cpu.dispose();
  wasm.dispose();
  return comparisons;
}

/** Rows of whole numbers from -127 to 127, with 127 in every block: scales are 1, products are exact. */
function wholeNumbers(rows: number, k: number, { next }: Random): Float32Array {
  return Float32Array.from({ length: rows * k }, (_, i) =>
    (i % k) % BLOCK === 0 ? 127 : Math.round(254 * next()) - 127,
  );
}

/** Integer products of a module that are not those of JavaScript. */
export async function wrongInt8(name: ModuleName): Promise<string[]> {
  const wrong: string[] = [];
  for (const [m, n, k] of [
    [1, 1, 1],
    [1, 5, 31],
    [2, 9, 64],
    [3, 4, 33],
    [7, 6, 300],
    [5, 8, 1027],
    [13, 21, 100],
  ]) {
    const rng = random(m + n + k);
    const [x, w] = [wholeNumbers(m, k, rng), wholeNumbers(n, k, rng)];
    const memory = new WebAssembly.Memory({ initial: 16, maximum: 65_536 });
    const kernels = await instantiate(await WebAssembly.compile(moduleBytes(name)), memory);
    const [at, quantised, weights, y, scratch] = [1 << 16, 2 << 16, 4 << 16, 8 << 16, 12 << 16];
    new Float32Array(memory.buffer, at, x.length).set(x);
    const packed = pack("q8", w, k);
    new Uint32Array(memory.buffer, weights, packed.length).set(packed);
    kernels.quantize(quantised, at, m, k);
    kernels.productInt8(quantised, weights, y, 4 * n, m, n, k, scratch);
    const results = new Float32Array(memory.buffer, y, m * n);
    for (let i = 0; i < m * n; i++) {
      const [row, column] = [Math.floor(i / n) * k, (i % n) * k];
      let sum = 0;
      for (let c = 0; c < k; c++) sum += x[row + c] * w[column + c];
      if (results[i] !== sum) wrong.push(`${m} x ${n} x ${k}, element ${i}: ${results[i]}, expected ${sum}`);
    }
  }
  return wrong;
}
