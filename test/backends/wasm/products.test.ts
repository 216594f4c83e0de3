/** The products of wasm/, in both modules and every format, against the specification in backends/cpu. */

import { beforeAll, describe, expect, test } from "vitest";
import type { ModuleName } from "../../../src/backends/wasm/kernels";
import { FORMAT, NORMAL_F16, SUM } from "../../../src/backends/wasm/numbers";
import { float16ToFloatBits } from "../../../src/tensor/float16";
import { pack, type WeightFormat } from "../../../src/tensor/weight-format";
import { random } from "../../support/shared/random";
import { expectClose, floats, onCpu } from "../../support/node/specification";
import { createBench, isDraft, type Bench } from "../../support/node/wasm";

/** The words of packed rows, of which those of f32 have no padding here. */
function words(format: WeightFormat, data: Float32Array, width: number): Uint32Array {
  const packed = format === "f32" ? data : pack(format, data, width);
  return new Uint32Array(packed.buffer, packed.byteOffset, packed.length);
}

const FORMATS = Object.keys(FORMAT) as WeightFormat[];

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
});
