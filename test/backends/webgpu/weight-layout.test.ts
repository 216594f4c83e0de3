/** How rows of q8 and q4 lie on a GPU: the same words in another order. */

import { describe, expect, it } from "vitest";
import { deviceRowWords, fromDevice, toDevice } from "../../../src/backends/webgpu/weight-layout";
import { pack, unpack, type WeightFormat } from "../../../src/tensor/weight-format";
import { random } from "../../support/shared/random";

const widths = [1, 31, 32, 33, 100, 128, 512];

describe.each(["f32", "f16", "q8", "q4"] as const)("%s", (format: WeightFormat) => {
  it.each(widths)("comes back as it was: rows of %i", (width) => {
    const packed = pack(format, random(width).normal(3 * width), width);
    const words = new Uint32Array(packed.buffer, packed.byteOffset, packed.length);
    const moved = toDevice(format, words, width);
    expect(moved.length).toBe(3 * deviceRowWords(format, width));
    expect(fromDevice(format, Uint32Array.from(moved), width)).toEqual(words);
  });
});

describe.each([
  ["q8", 8],
  ["q4", 4],
] as const)("%s", (format, integerWords) => {
  it.each(widths)("has its scales before its integers, the last one first, in rows of whole vec4s: %i", (width) => {
    const blocks = Math.ceil(width / 32);
    const pitch = deviceRowWords(format, width);
    expect(pitch % 4).toBe(0);
    const first = pitch - blocks * integerWords;
    const data = random(width).normal(2 * width);
    const packed = pack(format, data, width) as Uint32Array;
    const moved = toDevice(format, packed, width);
    const values = unpack(format, packed, width);
    for (let row = 0; row < 2; row++) {
      for (let k = 0; k < width; k++) {
        const scale = new Float32Array(moved.buffer)[row * pitch + first - 1 - Math.floor(k / 32)];
        const word = moved[row * pitch + first + Math.floor((k * integerWords) / 32)];
        const integer = format === "q8" ? (word << (24 - 8 * (k % 4))) >> 24 : ((word >>> (4 * (k % 8))) & 15) - 8;
        expect(Math.fround(scale * integer)).toBe(values[row * width + k]);
      }
    }
  });
});
