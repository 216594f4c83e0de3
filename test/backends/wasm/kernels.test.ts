/** The kernels of wasm/ over rows, in both modules, against the specification in backends/cpu, over odd sizes and odd values. */

import { beforeAll, describe, expect, test } from "vitest";
import type { ModuleName } from "../../../src/backends/wasm/kernels";
import { random } from "../../support/shared/random";
import { expectClose, floats, onCpu } from "../../support/node/specification";
import { createBench, type Bench } from "../../support/node/wasm";

const odd = Float32Array.of(NaN, Infinity, -Infinity, 3e38, -3e38, 0, -0, 1e-40, 1);

describe.each(["simd", "relaxed"] as const satisfies ModuleName[])("%s", (name) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await createBench(name);
  });

  test("finish: scale, bias, then the residual or the product with another", async () => {
    for (const [m, n] of [
      [1, 1],
      [1, 3],
      [2, 4],
      [3, 5],
      [4, 67],
    ]) {
      for (const way of ["", "residual", "multiply"]) {
        bench.clear();
        const rng = random(m * n);
        const [x, bias, other] = [rng.normal(m * n), rng.normal(n), rng.normal(m * n)];
        const expected = x.map((value, i) => {
          const y = Math.max(0, value * 0.7 + bias[i % n]);
          return way === "residual" ? y + other[i] : way === "multiply" ? y * other[i] : y;
        });
        const y = bench.put(x);
        const o = bench.put(other);
        const [residual, multiply] = [way === "residual" ? o : 0, way === "multiply" ? o : 0];
        bench.kernels.finish(y, m, n, 0.7, bench.put(bias), 1, residual, multiply);
        expectClose(bench.floats(y, m * n), expected);
      }
    }
  });

  test.each(["layer", "rms"] as const)("%s norm", async (kind) => {
    for (const [rows, d] of [
      [1, 1],
      [2, 2],
      [3, 3],
      [1, 4],
      [2, 7],
      [5, 8],
      [3, 13],
      [2, 512],
      [1, 1027],
    ]) {
      bench.clear();
      const rng = random(rows * d);
      const x = rng.normal(rows * d, 2).map((value) => value + 1);
      if (rows === 5) x.set([NaN, Infinity], 8);
      const weights = rng.normal(2 * d);
      const expected = await onCpu((ops) => {
        const [input, norm] = [floats(ops, [1, rows, d], x), floats(ops, [2, d], weights)];
        return () => ops.layerNorm(input, { weights: norm, eps: 1e-5, kind });
      });
      const out = bench.room(rows * d);
      bench.kernels.norm(out, bench.put(x), bench.put(weights), rows, d, 1e-5, kind === "rms");
      expectClose(bench.floats(out, rows * d), expected);
    }
  });

  describe.each(["softmax", "logSoftmax"] as const)("%s", (op) => {
    async function compare(x: Float32Array, rows: number): Promise<void> {
      bench.clear();
      const n = x.length / rows;
      const expected = await onCpu((ops) => {
        const input = floats(ops, [rows, 1, n], x);
        return () => ops[op](input);
      });
      const out = bench.room(x.length);
      bench.kernels[op](out, bench.put(x), rows, n);
      expectClose(bench.floats(out, x.length), expected);
    }

    test.each([1, 2, 3, 4, 5, 7, 8, 9, 31, 1023, 1024, 1025, 4099])("over %i", (n) =>
      compare(random(n).normal(3 * n, 4), 3),
    );
    test("over a vocabulary of 250,003", () => compare(random(1).normal(250_003, 2), 1));
    test("of equals, of what is banned, and of rows with NaN or an infinity", async () => {
      await compare(new Float32Array(5).fill(1.5), 1);
      await compare(Float32Array.of(-3e38, 1, -3e38, 2, 0, -3e38, -3e38, -3e38, -3e38, -3e38), 2);
      await compare(odd, 1);
      for (const value of odd) await compare(Float32Array.of(1, 2, value, 3, 4), 1);
    });
  });

  test("argmax: the lowest of equals, and its log-probability; NaN counts only in front", () => {
    const rows: [number[], number][] = [
      [[2], 0],
      [[1, 5, 2, 5, 4], 1],
      [[4, 4, 4, 4], 0],
      [[-1e30, -1e30, -3e38], 0],
      [[1, NaN, 3, 2, 0, 0, 3], 2],
      [[NaN, 9, 9, 9, 9], 0],
      [Array.from({ length: 1031 }, (_, i) => (i === 1029 ? 1 : -1)), 1029],
    ];
    for (const [row, index] of rows) {
      bench.clear();
      const out = bench.room(2);
      bench.kernels.argmax(out, bench.put(Float32Array.from(row)), 1, row.length);
      expect(bench.words(out, 1)[0]).toBe(index);
      const logprob = -Math.log(row.reduce((total, x) => total + Math.exp(x - row[index]), 0));
      if (Number.isNaN(logprob)) expect(bench.floats(out + 4, 1)[0]).toBeNaN();
      else expect(bench.floats(out + 4, 1)[0]).toBeCloseTo(logprob, 5);
    }
  });

  test("topK: the values of the specification, to the bit, with their indices", async () => {
    for (const [rows, n, k] of [
      [1, 1, 1],
      [1, 7, 7],
      [3, 65, 5],
      [2, 1023, 1],
      [2, 1024, 8],
      [5, 1025, 64],
      [1, 250_003, 10],
    ]) {
      bench.clear();
      // Rounded, so that there are equals; some are banned, some are negative zeros.
      const x = random(n + k)
        .normal(rows * n, 3)
        .map((value, i) => (i % 9 === 4 ? -3e38 : Math.round(value * 4) / 4));
      const expected = await onCpu((ops) => {
        const input = floats(ops, [rows, 1, n], x);
        return () => ops.topK(input, k);
      });
      const out = bench.room(rows * k * 2);
      bench.kernels.topK(out, bench.put(x), rows, n, k);
      expect(bench.words(out, rows * k * 2)).toEqual(new Uint32Array(expected.buffer, 0, expected.length));
    }
  });
});
