/** Every kernel of wasm/, in both modules, against the specification in backends/cpu, over odd sizes and odd values. */

import { beforeAll, describe, expect, test } from "vitest";
import type { Arithmetic } from "../../../src/backends/cpu/int8";
import { createCpuBackend } from "../../../src/backends/cpu/backend";
import type { ModuleName } from "../../../src/backends/wasm/kernels";
import { FORMAT, NORMAL_F16, SUM } from "../../../src/backends/wasm/numbers";
import type { Ops } from "../../../src/ops/ops";
import { asFloats, size, type Tensor } from "../../../src/tensor/tensor";
import { float16ToFloatBits } from "../../../src/tensor/float16";
import { pack, type WeightFormat } from "../../../src/tensor/weight-format";
import { random } from "../../support/shared/random";
import { createBench, isDraft, type Bench } from "../../support/node/wasm";

/** What an operation of the CPU backend gives. */
async function onCpu(body: (ops: Ops) => () => Tensor, arithmetic?: Arithmetic): Promise<Float32Array> {
  const ops = createCpuBackend(arithmetic);
  const plan = await ops.record("test", body(ops));
  const [data] = await ops.submit([plan], [{ tensor: plan.outputs, start: 0, count: size(plan.outputs.shape) }]);
  return asFloats(new Uint32Array(data.buffer, data.byteOffset, data.length));
}

const floats = (ops: Ops, shape: number[], data: Float32Array): Tensor => ops.create(shape, "f32", "activations", data);

/** The tolerance of the operation table, on every element; NaN for NaN and infinity for infinity. */
function expectClose(actual: Float32Array, expected: Float32Array): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((x, i) => {
    if (Object.is(actual[i], x)) return;
    const off = Math.abs(actual[i] - x);
    if (!(off <= 2e-6 + 1e-5 * Math.abs(x))) expect.fail(`element ${i} is ${actual[i]}, the specification says ${x}`);
  });
}

/** The words of packed rows, of which those of f32 have no padding here. */
function words(format: WeightFormat, data: Float32Array, width: number): Uint32Array {
  const packed = format === "f32" ? data : pack(format, data, width);
  return new Uint32Array(packed.buffer, packed.byteOffset, packed.length);
}

const FORMATS = Object.keys(FORMAT) as WeightFormat[];
const odd = Float32Array.of(NaN, Infinity, -Infinity, 3e38, -3e38, 0, -0, 1e-40, 1);

describe.each(["simd", "relaxed"] as const satisfies ModuleName[])("%s", (name) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await createBench(name);
  });

  function product(
    format: WeightFormat,
    x: Float32Array,
    w: Uint32Array,
    [m, n, k]: number[],
    pitch = n,
  ): Float32Array {
    const y = bench.room(m * pitch);
    const scratch = bench.room(bench.kernels.productScratch(m, k, SUM) / 4);
    bench.kernels.product(FORMAT[format], bench.put(x), bench.put(w), y, 4 * pitch, m, n, k, SUM, scratch);
    return bench.floats(y, m * pitch);
  }

  describe.each(FORMATS)("products with weights in %s", (format) => {
    const inner = [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 35, 63, 64, 65, 100, 300, 1027];
    test.each([1, 2, 3, 4, 5, 9, 24, 29])("of %i rows, over N of 1 to 17 and all K", async (m) => {
      for (const k of inner) {
        for (const n of [1, 2, 3, 4, 5, 7, 9, 17]) {
          bench.clear();
          const rng = random(1000 * m + 10 * k + n);
          const x = rng.normal(m * k);
          const w = rng.normal(n * k, 1 / Math.sqrt(k));
          const expected = await onCpu((ops) => {
            const [input, weight] = [floats(ops, [1, m, k], x), ops.create([n, k], format, "weights", w)];
            const bias = ops.create([n], "f32", "weights");
            return () => ops.linear(input, weight, { bias });
          });
          expectClose(product(format, x, words(format, w, k), [m, n, k]), expected);
        }
      }
    });

    test("write n floats per row and nothing between the rows", () => {
      bench.clear();
      for (const [m, n, k, pitch] of [
        [5, 6, 37, 11],
        [27, 13, 37, 19],
      ]) {
        const rng = random(5);
        const [x, w] = [rng.normal(m * k), words(format, rng.normal(n * k), k)];
        const dense = product(format, x, w, [m, n, k]);
        const spread = product(format, x, w, [m, n, k], pitch);
        for (let row = 0; row < m; row++) {
          expect(spread.subarray(row * pitch, row * pitch + n)).toEqual(dense.subarray(row * n, (row + 1) * n));
          expect(spread.subarray(row * pitch + n, (row + 1) * pitch).every(Number.isNaN)).toBe(true);
        }
      }
    });

    test.each([
      ["few", 23, 6, [0, 3, 17]],
      ["many", 147, 24, [0, 62, 64, 123]],
    ] as const)("of %s rows of x are those of its parts", (_, m, rows, starts) => {
      const [n, k] = [13, 2048];
      const rng = random(6);
      const [x, w] = [rng.normal(m * k), words(format, rng.normal(n * k), k)];
      bench.clear();
      const whole = product(format, x, w, [m, n, k]);
      for (const from of starts) {
        bench.clear();
        const part = product(format, x.subarray(from * k, (from + rows) * k), w, [rows, n, k]);
        expect(part).toEqual(whole.subarray(from * n, (from + rows) * n));
      }
    });

    test("NaN and infinity of x stay in their row", () => {
      for (const [m, k] of [
        [1, 41],
        [4, 41],
        [5, 64],
        [26, 41],
      ]) {
        const rng = random(7);
        const w = words(format, rng.normal(3 * k), k);
        for (const value of [NaN, Infinity]) {
          for (const column of [0, k - 1]) {
            bench.clear();
            const x = rng.normal(m * k);
            const without = product(format, x, w, [m, 3, k]);
            x[column] = value;
            const y = product(format, x, w, [m, 3, k]);
            expect(y.subarray(0, 3).some(Number.isFinite)).toBe(false);
            expect(y.subarray(3)).toEqual(without.subarray(3));
          }
        }
      }
    });
  });

  describe("halves without subnormals", () => {
    /** All halves below 128, with both signs: zeros, subnormal and normal ones. */
    const all = Uint16Array.from({ length: 2 * 22 * 1024 }, (_, i) => (i % 2 === 0 ? i >> 1 : (i >> 1) | 0x8000));
    const pairs = new Uint32Array(all.buffer);

    test("are the same numbers, and become the same bits again", () => {
      bench.clear();
      const at = bench.put(pairs);
      expect(bench.kernels.normalHalves(at, all.length)).toBe(1);
      const changed = bench.words(at, pairs.length);
      // Nothing but zeros has an exponent of 0.
      const isSmall = (half: number): boolean => (half & 0x7c00) === 0 && (half & 0x7fff) !== 0;
      expect(changed.some((word) => isSmall(word) || isSmall(word >>> 16))).toBe(false);
      const out = bench.room(all.length);
      bench.kernels.lookUp(out, bench.put(Uint32Array.of(0)), NORMAL_F16, at, 1, 1, all.length);
      const bits = float16ToFloatBits();
      expect(bench.words(out, all.length)).toEqual(Uint32Array.from(all, (half) => bits[half]));
      bench.kernels.plainHalves(at, all.length);
      expect(bench.words(at, pairs.length)).toEqual(pairs);
    });

    test("are not made of a matrix with 128 in it, which stays as it is", () => {
      for (const place of [0, 7, 4099]) {
        bench.clear();
        const words = pairs.slice(0, 2050);
        new Uint16Array(words.buffer)[place] = place === 7 ? 0xd800 : 0x5800;
        const at = bench.put(words);
        expect(bench.kernels.normalHalves(at, 4100)).toBe(0);
        expect(bench.words(at, 2050)).toEqual(words);
      }
    });

    test.each([1, 2, 3, 24, 29])("products of %i rows are those of binary16, to the bit", (m) => {
      for (const k of [1, 3, 4, 7, 8, 12, 33, 300, 1027]) {
        for (const n of [1, 3, 4, 9, 17]) {
          bench.clear();
          const rng = random(1000 * m + 10 * k + n);
          const x = rng.normal(m * k);
          // A third of them are subnormal halves.
          const w = words("f16", rng.normal(n * k, 1e-4), k);
          const expected = product("f16", x, w, [m, n, k]);
          const [at, y] = [bench.put(w), bench.room(m * n)];
          expect(bench.kernels.normalHalves(at, 2 * w.length)).toBe(1);
          const scratch = bench.room(bench.kernels.productScratch(m, k, SUM) / 4);
          bench.kernels.product(NORMAL_F16, bench.put(x), at, y, 4 * n, m, n, k, SUM, scratch);
          expect(bench.floats(y, m * n)).toEqual(expected);
        }
      }
    });
  });

  describe.skipIf(name === "relaxed" && isDraft)("int8", () => {
    function productInt8(x: Float32Array, w: Float32Array, [m, n, k]: number[], pitch = n): Float32Array {
      const quantized = bench.room((m * bench.kernels.quantizedBytes(k)) / 4);
      bench.kernels.quantize(quantized, bench.put(x), m, k);
      const y = bench.room(m * pitch);
      const scratch = bench.room(bench.kernels.int8Scratch(k) / 4);
      bench.kernels.productInt8(quantized, bench.put(words("q8", w, k)), y, 4 * pitch, m, n, k, scratch);
      return bench.floats(y, m * pitch);
    }

    test.each([1, 2, 3, 4, 5, 9, 12, 15, 30])(
      "products of %i rows are the specification's, over N of 1 to 25 and all K",
      async (m) => {
        for (const k of [1, 2, 5, 31, 32, 33, 64, 65, 100, 300, 1027]) {
          for (const n of [1, 2, 3, 4, 5, 9, 16, 25]) {
            bench.clear();
            const rng = random(1000 * m + 10 * k + n);
            const [x, w] = [rng.normal(m * k), rng.normal(n * k, 1 / Math.sqrt(k))];
            const expected = await onCpu((ops) => {
              const [input, weight] = [floats(ops, [1, m, k], x), ops.create([n, k], "q8", "weights", w)];
              const bias = ops.create([n], "f32", "weights");
              return () => ops.linear(input, weight, { bias });
            }, "int8");
            expectClose(productInt8(x, w, [m, n, k]), expected);
          }
        }
      },
    );

    test("of more rows of x than are taken together are those of its parts", () => {
      const [m, n, k] = [147, 9, 2048];
      const rng = random(6);
      const [x, w] = [rng.normal(m * k), rng.normal(n * k)];
      bench.clear();
      const whole = productInt8(x, w, [m, n, k]);
      for (const from of [0, 70, 84, 120]) {
        bench.clear();
        const part = productInt8(x.subarray(from * k, (from + 20) * k), w, [20, n, k]);
        expect(part).toEqual(whole.subarray(from * n, (from + 20) * n));
      }
    });

    /** The elements of a quantised row: its products with rows of which each holds a single 127, whose scale is 1. */
    function elements(x: Float32Array): Float32Array {
      const k = x.length;
      const units = Float32Array.from({ length: k * k }, (_, i) => (i % (k + 1) === 0 ? 127 : 0));
      return productInt8(x, units, [1, k, k]).map((value) => value / 127);
    }

    test("elements are rounded to a multiple of their block's scale, the even one of two", () => {
      bench.clear();
      const rng = random(9);
      const x = rng.normal(64, 3);
      x.set([1e-42, -1e-42], 32);
      x.fill(0, 34, 64);
      const y = elements(x);
      const scale = Math.fround(Math.max(...x.subarray(0, 32).map(Math.abs)) / 127);
      y.subarray(0, 32).forEach((value, i) => {
        expect(Math.abs(value - x[i])).toBeLessThanOrEqual(0.50001 * scale);
        expect(Math.abs(value / scale - Math.round(value / scale))).toBeLessThan(1e-4);
      });
      expect(y.subarray(32, 64).every((value) => value === 0)).toBe(true);
      expect(elements(Float32Array.of(127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5))).toEqual(
        Float32Array.of(127, 0, 2, 2, -0, -2, -2).map((value) => value + 0),
      );
    });

    test("NaN and infinity stay in their row, and nothing is written between the rows", () => {
      const [m, n, k, pitch] = [5, 6, 37, 11];
      const rng = random(5);
      const [x, w] = [rng.normal(m * k), rng.normal(n * k)];
      bench.clear();
      const dense = productInt8(x, w, [m, n, k]);
      for (const value of [NaN, Infinity]) {
        bench.clear();
        const other = x.slice();
        other[2 * k + 36] = value;
        const spread = productInt8(other, w, [m, n, k], pitch);
        for (let row = 0; row < m; row++) {
          const wanted = row === 2 ? new Float32Array(n).fill(NaN) : dense.subarray(row * n, (row + 1) * n);
          expect(spread.subarray(row * pitch, row * pitch + n)).toEqual(wanted);
          expect(spread.subarray(row * pitch + n, (row + 1) * pitch).every(Number.isNaN)).toBe(true);
        }
      }
    });
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
