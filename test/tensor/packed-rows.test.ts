/** Packed rows of a file that `pack` did not write. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { firstInvalidWord } from "../../src/tensor/packed-rows";
import { pack, rowWords, type WeightFormat } from "../../src/tensor/weight-format";

const FORMATS = ["f16", "q8", "q4"] as const;
const words = (format: WeightFormat, values: Float32Array, width: number): Uint32Array => {
  const packed = pack(format, values, width);
  return new Uint32Array(packed.buffer, packed.byteOffset, packed.length);
};

test.each(FORMATS)("what is packed is valid: %s", (format) => {
  const widths = format === "f16" ? [4, 8, 36] : [1, 2, 7, 31, 32, 33, 50, 64, 100];
  const floats = fc.float({ noNaN: true, noDefaultInfinity: true, min: -65000, max: 65000 });
  const rows = fc
    .constantFrom(...widths)
    .chain((width) => fc.tuple(fc.constant(width), fc.array(floats, { minLength: 3 * width, maxLength: 3 * width })));
  fc.assert(
    fc.property(rows, ([width, values]) => {
      expect(firstInvalidWord(format, words(format, Float32Array.from(values), width), width)).toBe(-1);
    }),
  );
});

describe("what no packing makes is found", () => {
  const width = 40; // two blocks, the second with 24 elements of padding
  const rows = (format: WeightFormat) =>
    words(
      format,
      Float32Array.from({ length: 2 * width }, (_, i) => 1 + (i % 5)),
      width,
    );
  const bits = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0];

  test.each([
    ["q8", "a scale of NaN", 0, () => bits(NaN)],
    ["q8", "an infinite scale", 9, () => bits(-Infinity)],
    ["q8", "a subnormal scale", 9, () => bits(2 ** -127)],
    ["q4", "an infinite scale", 5, () => bits(Infinity)],
    ["q8", "-128", 3, (word: number) => (word & 0xffff00ff) | 0x8000],
    ["q8", "-128 at the top", 3, (word: number) => (word & 0x00ffffff) | 0x80000000],
    ["q8", "padding in the word of the last element", 12, () => 1],
    ["q8", "padding at the end", 17, () => 0x01000000],
    ["q4", "padding that is not 8", 9, () => 0x88888880],
    ["f16", "infinity below", 7, (word: number) => (word & 0xffff0000) | 0x7c00],
    ["f16", "NaN above", 19, (word: number) => (word & 0xffff) | 0xfe000000],
  ] as const)("%s: %s", (format, _what, offset, change) => {
    const packed = rows(format);
    const at = rowWords(format, width) + offset; // in the second row
    packed[at] = change(packed[at]);
    expect(firstInvalidWord(format, packed, width)).toBe(at);
  });

  test("a block of zeros has no scale and no integers", () => {
    const packed = words("q4", new Float32Array(width), width);
    expect(firstInvalidWord("q4", packed, width)).toBe(-1);
    packed[9] = 0x88888888;
    expect(firstInvalidWord("q4", packed, width)).toBe(9);
  });
});
