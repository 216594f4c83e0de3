/** What packing does to weights: layout, exactness, error bounds, rows of any length. */

import { describe, expect, it } from "vitest";
import { pack, rowWords, unpack, unpackRow, type WeightFormat } from "../../src/tensor/weight-format";
import { random } from "../support/shared/random";

const SMALL: WeightFormat[] = ["f16", "q8", "q4"];
const WIDTHS = [1, 2, 3, 4, 5, 15, 31, 32, 33, 37, 63, 64, 65, 300];

const words = (format: WeightFormat, data: Float32Array, width: number): Uint32Array => {
  const packed = pack(format, data, width);
  return new Uint32Array(packed.buffer, packed.byteOffset, packed.length);
};
const roundTrip = (format: WeightFormat, data: Float32Array, width = data.length): Float32Array =>
  unpack(format, words(format, data, width), width);
/** The same, with one kind of zero. */
const values = (format: WeightFormat, data: Float32Array): number[] => [...roundTrip(format, data)].map((x) => x + 0);
const floatBits = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0];
const largest = (values: Float32Array): number => values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);

describe("the layout", () => {
  it.each([
    ["f32", 1, 4],
    ["f32", 32, 32],
    ["f32", 37, 40],
    ["f16", 1, 2],
    ["f16", 32, 16],
    ["f16", 37, 20],
    ["q8", 1, 9],
    ["q8", 32, 9],
    ["q8", 37, 18],
    ["q4", 1, 5],
    ["q4", 64, 10],
    ["q4", 65, 15],
  ] as const)("%s: a row of %d elements takes %d words", (format, width, expected) => {
    expect(rowWords(format, width)).toBe(expected);
    expect(pack(format, new Float32Array(3 * width), width)).toHaveLength(3 * expected);
  });

  it("f16: the lower half of a word first", () => {
    expect([...words("f16", Float32Array.of(1, -2, 65504), 3)]).toEqual([0xc0003c00, 0x7bff]);
  });

  it("q8: the scale, then four bytes a word", () => {
    const row = Float32Array.of(127, -127, 1, -1, 2);
    expect([...words("q8", row, 5)]).toEqual([floatBits(1), 0xff01817f, 2, 0, 0, 0, 0, 0, 0]);
  });

  it("q4: the scale, then eight numbers a word, padding an 8", () => {
    const row = Float32Array.of(-8, 7, 0, 1, -1, 2, -2, 3, 4);
    expect([...words("q4", row, 9)]).toEqual([floatBits(1), 0xb6a798f0, 0x8888888c, 0x88888888, 0x88888888]);
  });

  it.each(SMALL)("%s: a row is packed as if it were alone", (format) => {
    for (const width of WIDTHS) {
      const data = random(width).normal(5 * width);
      const pitch = rowWords(format, width);
      const all = words(format, data, width);
      for (let row = 0; row < 5; row++) {
        const one = words(format, data.slice(row * width, (row + 1) * width), width);
        expect(all.subarray(row * pitch, (row + 1) * pitch)).toEqual(one);
        const out = new Float32Array(width);
        unpackRow(format, all, row * pitch, out);
        expect(out).toEqual(unpack(format, one, width));
      }
    }
  });
});

describe("the error", () => {
  it.each(WIDTHS)("is within its bound in rows of %d", (width) => {
    const data = random(width).normal(4 * width, 0.05);
    expect(roundTrip("f32", data, width)).toEqual(data);
    roundTrip("f16", data, width).forEach((value, i) => {
      expect(Math.abs(value - data[i])).toBeLessThanOrEqual(Math.max(2 ** -11 * Math.abs(data[i]), 2 ** -25));
    });
    for (let row = 0; row < 4; row++) {
      for (let from = 0; from < width; from += 32) {
        const block = data.slice(row * width + from, row * width + Math.min(from + 32, width));
        const most = largest(block);
        const slack = 1e-6 * most;
        roundTrip("q8", block).forEach((value, i) => {
          expect(Math.abs(value - block[i])).toBeLessThanOrEqual(most / 127 / 2 + slack);
        });
        // A value beyond 7 is cut to 7, by up to a whole step.
        roundTrip("q4", block).forEach((value, i) => {
          expect(Math.abs(value - block[i])).toBeLessThanOrEqual(most / 7 + slack);
        });
      }
    }
  });

  it("of q4 is not above that of the plain scales", () => {
    const error = (block: Float32Array, scale: number): number =>
      block.reduce((sum, x) => sum + (x - scale * Math.min(7, Math.max(-8, Math.round(x / scale)))) ** 2, 0);
    const block = random(7).normal(32);
    const most = block.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
    const found = roundTrip("q4", block).reduce((sum, x, i) => sum + (x - block[i]) ** 2, 0);
    expect(found).toBeLessThanOrEqual(Math.min(error(block, most / -8), error(block, Math.abs(most) / 7)) + 1e-9);
    expect(found).toBeGreaterThan(0);
  });

  it("is nothing where the values are representable", () => {
    const rng = random(3);
    for (const scale of [1, 2 ** -10, 0.37]) {
      const s = Math.fround(scale);
      const q8 = Float32Array.from(rng.integers(32, 255), (n) => s * (n - 127) + 0);
      q8[5] = 127 * s;
      expect(values("q8", q8)).toEqual([...q8]);
    }
    for (const edge of [-8, 8, -7, 7]) {
      // To the end that is taken by the largest magnitude the other one reaches 7 only.
      const q4 = Float32Array.from(rng.integers(32, 15), (n) => (n - 7) / 4);
      q4[9] = edge / 4;
      expect(values("q4", q4)).toEqual([...q4]);
    }
    const halves = Float32Array.of(0, -0, 1 / 3, -1e-7, 65504).map((x) => roundTrip("f16", Float32Array.of(x))[0]);
    expect(roundTrip("f16", halves)).toEqual(halves);
    expect(Object.is(roundTrip("f16", halves)[1], -0)).toBe(true);
  });

  it("q8: halfway the even integer is taken", () => {
    const row = Float32Array.of(127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5);
    expect(values("q8", row)).toEqual([127, 0, 2, 2, 0, -2, -2, 126]);
  });
});

describe("blocks of nothing", () => {
  it.each(["q8", "q4"] as const)("%s: zeros stay zeros, beside a block that is none", (format) => {
    const row = new Float32Array(96).fill(1, 32, 64);
    expect([...roundTrip(format, new Float32Array(5))].every((x) => x === 0)).toBe(true);
    expect(values(format, row)).toEqual([...row]);
  });

  it.each(["q8", "q4"] as const)("%s: zeroed memory reads as zeros", (format) => {
    const zeros = unpack(format, new Uint32Array(2 * rowWords(format, 37)), 37);
    expect(zeros).toHaveLength(74);
    expect(zeros.every((x) => x === 0)).toBe(true);
  });

  it.each(["q8", "q4"] as const)("%s: values too small for a normal scale become zeros", (format) => {
    for (const tiny of [1e-45, 1e-40, 2 ** -127]) {
      expect(values(format, Float32Array.of(tiny, -tiny, 0))).toEqual([0, 0, 0]);
    }
    expect(roundTrip(format, Float32Array.of(1e-30))[0] / 1e-30).toBeCloseTo(1, 5);
  });

  it.each(["q8", "q4"] as const)("%s: the largest floats do not overflow", (format) => {
    const most = 3.4028234663852886e38;
    expect(values(format, Float32Array.of(most, -most, most / 2)).every(Number.isFinite)).toBe(true);
  });
});
