/** Sums in parts: how exact the products of convolutions are, beside those of linear layers. */

import { beforeAll, describe, expect, test } from "vitest";
import type { ModuleName } from "../../../src/backends/wasm/kernels";
import { FORMAT, SHORT_SUM, SUM } from "../../../src/backends/wasm/numbers";
import { createBench, type Bench } from "../../support/node/wasm";
import { random } from "../../support/shared/random";

describe.each(["simd", "relaxed"] as const satisfies ModuleName[])("%s", (name) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await createBench(name);
  });

  test.each([64, 100, 384, 1027])("short sums of %i products are more exact", (k) => {
    const [m, n] = [29, 13];
    const rng = random(k);
    const [x, w] = [rng.normal(m * k), rng.normal(n * k)];
    bench.clear();
    const [rows, columns, y] = [bench.put(x), bench.put(new Uint32Array(w.buffer)), bench.room(m * n)];
    const squaredError = (sum: number): number => {
      const scratch = bench.room(bench.kernels.productScratch(m, k, sum) / 4);
      bench.kernels.product(FORMAT.f32, rows, columns, y, 4 * n, m, n, k, sum, scratch);
      return bench.floats(y, m * n).reduce((total, found, i) => {
        let exact = 0;
        for (let at = 0; at < k; at++) exact += x[Math.floor(i / n) * k + at] * w[(i % n) * k + at];
        return total + (found - exact) ** 2;
      }, 0);
    };
    if (k <= SHORT_SUM) expect(squaredError(SHORT_SUM)).toBe(squaredError(SUM));
    else expect(squaredError(SHORT_SUM)).toBeLessThan(0.7 * squaredError(SUM));
  });
});
