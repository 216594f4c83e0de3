import { describe, expect, test } from "vitest";
import { toFloat32 } from "../../../src/loading/formats/dtypes";

const ALL = Uint16Array.from({ length: 65536 }, (_, i) => i);
const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** The value of a half by the formula of IEEE 754, in doubles. */
function halfValue(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

describe("toFloat32", () => {
  test("all 65536 halves", () => {
    const floats = toFloat32("F16", bytesOf(ALL));
    expect(floats.length).toBe(65536);
    const wrong = [...ALL].filter((half) => !Object.is(floats[half], halfValue(half)));
    expect(wrong).toEqual([]);
    const kinds = [...floats];
    expect(kinds.filter(Number.isNaN).length).toBe(2 * 1023);
    expect(kinds.filter((x) => Math.abs(x) === Infinity).length).toBe(2);
  });

  test.each([
    [0x0000, 0],
    [0x8000, -0],
    [0x0001, 5.960464477539063e-8],
    [0x03ff, 6.097555160522461e-5],
    [0x0400, 6.103515625e-5],
    [0x3c00, 1],
    [0x3555, 0.333251953125],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x7c00, Infinity],
    [0xfc00, -Infinity],
    [0x7e00, NaN],
  ])("half 0x%s", (half, value) => {
    expect(toFloat32("F16", bytesOf(Uint16Array.of(half)))[0]).toBe(value);
  });

  test("the payloads of NaN halves are kept", () => {
    const bits = new Uint32Array(toFloat32("F16", bytesOf(Uint16Array.of(0x7d01, 0xfe03))).buffer);
    expect([...bits]).toEqual([0x7fa02000, 0xffc06000]);
  });

  test("all 65536 bfloat16 values, bit by bit", () => {
    const floats = toFloat32("BF16", bytesOf(ALL));
    const view = new DataView(floats.buffer, floats.byteOffset);
    const wrong = [...ALL].filter((x, i) => view.getUint32(4 * i, true) !== x * 65536);
    expect(wrong).toEqual([]);
    expect(floats[0x3f80]).toBe(1);
    expect(floats[0xc040]).toBe(-3);
    expect(floats[0x0001]).toBe(2 ** -133);
  });

  test("aligned F32 is a view, unaligned F32 an equal copy", () => {
    const values = Float32Array.of(1.5, -0, NaN, 1e-45);
    const view = toFloat32("F32", bytesOf(values));
    expect(view.buffer).toBe(values.buffer);
    const shifted = new Uint8Array(17);
    shifted.set(bytesOf(values), 1);
    const copy = toFloat32("F32", shifted.subarray(1));
    expect(copy.buffer).not.toBe(shifted.buffer);
    expect(copy).toEqual(values);
  });

  test("unaligned F16 and an offset into a larger buffer", () => {
    const bytes = Uint8Array.of(9, 0x00, 0x3c, 0x00, 0xc0, 9);
    expect([...toFloat32("F16", bytes.subarray(1, 5))]).toEqual([1, -2]);
    expect([...toFloat32("BF16", Uint8Array.of(9, 9, 0x80, 0x3f, 9, 9).subarray(2, 4))]).toEqual([1]);
  });

  test("all 256 values of both kinds of float8", () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    const value = (x: number, fraction: number, bias: number, last: boolean) => {
      const [sign, exponent, part] = [x & 128 ? -1 : 1, (x & 127) >> fraction, x & ((1 << fraction) - 1)];
      if (last && (x & 127) === 127) return NaN;
      if (!last && exponent === 31) return part ? NaN : sign * Infinity;
      const digits = exponent === 0 ? part : part + (1 << fraction);
      return sign * digits * 2 ** (Math.max(exponent, 1) - bias - fraction);
    };
    expect([...toFloat32("F8_E4M3", all)]).toEqual([...all].map((x) => value(x, 3, 7, true)));
    expect([...toFloat32("F8_E5M2", all)]).toEqual([...all].map((x) => value(x, 2, 15, false)));
  });

  test("integers and truth values", () => {
    expect([...toFloat32("I64", bytesOf(BigInt64Array.of(-3n, 2n ** 62n)))]).toEqual([-3, 2 ** 62]);
    expect([...toFloat32("U64", bytesOf(BigUint64Array.of(2n ** 63n)))]).toEqual([2 ** 63]);
    expect([...toFloat32("I32", bytesOf(Int32Array.of(-3, 16_777_217)))]).toEqual([-3, 16_777_216]);
    expect([...toFloat32("U32", bytesOf(Uint32Array.of(4_294_967_295)))]).toEqual([4_294_967_296]);
    expect([...toFloat32("I16", bytesOf(Int16Array.of(-3)))]).toEqual([-3]);
    expect([...toFloat32("U16", bytesOf(Uint16Array.of(65_533)))]).toEqual([65_533]);
    expect([...toFloat32("I8", bytesOf(Int8Array.of(-3)))]).toEqual([-3]);
    expect([...toFloat32("U8", Uint8Array.of(9, 253).subarray(1))]).toEqual([253]);
    expect([...toFloat32("BOOL", Uint8Array.of(0, 1))]).toEqual([0, 1]);
  });

  test("empty data", () => {
    for (const dtype of ["F32", "F16", "BF16"] as const) expect(toFloat32(dtype, new Uint8Array(0)).length).toBe(0);
  });

  test("a broken number of bytes is an internal error", () => {
    expect(() => toFloat32("F16", new Uint8Array(3))).toThrowError(expect.objectContaining({ code: "internal" }));
  });
});
