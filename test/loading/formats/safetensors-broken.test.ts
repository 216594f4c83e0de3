/** Broken safetensors files, each with the message that says what is wrong. */

import { describe, expect, test } from "vitest";
import { parseHeader } from "../../../src/loading/formats/safetensors";
import { entry, failure, PATH } from "../../support/node/read-safetensors";
import { openBytes, rawFile } from "../../support/shared/safetensors";

const good = `"a":${entry(0, 4)}`;
const bytes = (...codes: number[]) => Uint8Array.from(codes);
const utf8 = (text: string) => [...new TextEncoder().encode(text)];

/** [the rule that is broken, the file, what the message says]; one rule each. */
const BROKEN: [string, Uint8Array, string | RegExp][] = [
  ["empty file", bytes(), "is 0 bytes long"],
  ["7 bytes", bytes(1, 0, 0, 0, 0, 0, 0), "is 7 bytes long"],
  ["header length over the limit", rawFile("{}", 0, 100_000_001n), "100000001 bytes is over the limit"],
  ["header length of 2^64 - 1", rawFile("{}", 0, 2n ** 64n - 1n), "18446744073709551615 bytes is over the limit"],
  ["header length of 2^53 + 2", rawFile("{}", 0, 2n ** 53n + 2n), "9007199254740994 bytes is over"],
  ["header length beyond the file", rawFile("{}", 0, 3n), /does not fit the file|within its header/],
  ["header length of 99 MB in a small file", rawFile("{}", 0, 99_000_000n), /does not fit|within its header/],
  ["header length of 0", rawFile(""), "its header is not valid JSON"],
  ["invalid UTF-8", rawFile(bytes(...utf8('{"'), 0xff, ...utf8(`":${entry(0, 4)}}`)), 4), "not valid UTF-8"],
  ["overlong UTF-8", rawFile(bytes(...utf8('{"'), 0xc0, 0x80, ...utf8(`":${entry(0, 4)}}`)), 4), "not valid UTF-8"],
  ["surrogate in UTF-8", rawFile(bytes(...utf8('{"'), 0xed, 0xa0, 0x80, ...utf8('":1}'))), "not valid UTF-8"],
  ["byte order mark", rawFile("\ufeff{}"), "its header is not valid JSON"],
  ["array at the root", rawFile("[]"), "its header is not a JSON object"],
  ["form feed before the header", rawFile("\f{}"), "its header is not valid JSON"],
  ["no-break space before the header", rawFile("\u00a0{}"), "its header is not valid JSON"],
  ["NUL padding", rawFile("{}\0\0"), "its header is not valid JSON"],
  ["second object after the header", rawFile("{}{}"), "its header is not valid JSON"],
  ["header that ends early", rawFile(`{${good}`, 4), "its header is not valid JSON"],
  ["trailing comma", rawFile(`{${good},}`, 4), "its header is not valid JSON"],
  ["missing colon", rawFile(`{"a" ${entry(0, 4)}}`, 4), "its header is not valid JSON"],
  ["single quotes", rawFile(`{'a':1}`), "its header is not valid JSON"],
  ["string without end", rawFile(`{"a`), "its header is not valid JSON"],
  ["string that ends in a backslash", rawFile(`{"a\\`), "its header is not valid JSON"],
  ["bad escape", rawFile(`{"\\x41":${entry(0, 4)}}`, 4), "its header is not valid JSON"],
  ["raw control character", rawFile(`{"a\n":${entry(0, 4)}}`, 4), "its header is not valid JSON"],
  ["lone surrogate", rawFile(`{"\\ud800":${entry(0, 4)}}`, 4), "lone surrogate"],
  ["duplicate tensor", rawFile(`{${good},${good}}`, 4), 'duplicate key "a"'],
  ["duplicate tensor by escape", rawFile(`{${good},"\\u0061":${entry(4, 8)}}`, 8), 'duplicate key "a"'],
  ["duplicate __proto__", rawFile(`{"__proto__":${entry(0, 4)},"__proto__":${entry(4, 8)}}`, 8), "duplicate key"],
  ["duplicate key in an entry", rawFile(`{"a":{"dtype":"F32","dtype":"F32","shape":[]}}`), 'duplicate key "dtype"'],
  ["duplicate key in the metadata", rawFile(`{"__metadata__":{"k":"1","k":"1"}}`), 'duplicate key "k"'],
  ["duplicate metadata", rawFile(`{"__metadata__":{},"__metadata__":{}}`), "duplicate key"],
  ["NUL in a name", rawFile(`{"a\\u0000":${entry(0, 4)}}`, 4), 'tensor "a\\u0000": its name holds U+0000'],
  ["metadata that is no object", rawFile(`{"__metadata__":"x"}`), "__metadata__ is not"],
  ["a tensor that is null", rawFile(`{"a":null}`), 'tensor "a": is not described by an object'],
  [
    "null within the metadata",
    rawFile(`{"__metadata__":{"__metadata__":null}}`),
    "__metadata__ is not an object of strings",
  ],
  ["metadata that begins like null", rawFile(`{"__metadata__":nul}`), "its header is not valid JSON"],
  ["metadata with a number", rawFile(`{"__metadata__":{"k":1}}`), "__metadata__ is not"],
  ["metadata with an object", rawFile(`{"__metadata__":{"k":{}}}`), "__metadata__ is not"],
  ["null", rawFile(`{"a":null}`), 'tensor "a": is not described by an object'],
  ["true", rawFile(`{"a":true}`), 'tensor "a": is not described by an object'],
  ["entry that is a string", rawFile(`{"a":"b"}`), 'tensor "a": is not described by an object'],
  ["entry that is an array", rawFile(`{"a":[]}`), 'tensor "a": is not described by an object'],
  ["no dtype", rawFile(`{"a":{"shape":[1],"data_offsets":[0,4]}}`, 4), "dtype is not a string"],
  ["no shape", rawFile(`{"a":{"dtype":"F32","data_offsets":[0,4]}}`, 4), "shape is not an array"],
  ["no data_offsets", rawFile(`{"a":{"dtype":"F32","shape":[1]}}`, 4), "data_offsets is not an array"],
  ["dtype that is a number", rawFile(`{"a":{"dtype":1,"shape":[1],"data_offsets":[0,4]}}`, 4), "dtype is not a string"],
  ["unknown dtype", rawFile(`{"a":${entry(0, 4, [1], "F31")}}`, 4), 'tensor "a": there is no dtype "F31"'],
  ["dtype named like a method", rawFile(`{"a":${entry(0, 4, [1], "toString")}}`, 4), 'there is no dtype "toString"'],
  ["lower-case dtype", rawFile(`{"a":${entry(0, 4, [1], "f32")}}`, 4), 'there is no dtype "f32"'],
  ...["F8_E8M0 8", "F8_E4M3FNUZ 8", "F8_E5M2FNUZ 8", "F4 16", "C64 1"].map((text): [string, Uint8Array, string] => {
    const [dtype, length] = text.split(" ");
    const file = rawFile(`{"a":${entry(0, 8, [Number(length)], dtype)}}`, 8);
    return [`dtype ${dtype}`, file, `tensor "a": dtype ${dtype} is not supported`];
  }),
  ["half a byte", rawFile(`{"a":${entry(0, 1, [1], "F4")}}`, 1), "in F4 takes 0.5"],
  ["shape that is a number", rawFile(`{"a":${entry(0, 4, 1)}}`, 4), "shape is not an array"],
  ["shape of strings", rawFile(`{"a":${entry(0, 4, ["1"])}}`, 4), "shape is not an array"],
  ["nested shape", rawFile(`{"a":${entry(0, 4, [[1]])}}`, 4), "shape is not an array"],
  ["negative length", rawFile(`{"a":${entry(0, 4, [-1])}}`, 4), 'number "-1", which is not an integer'],
  ["fraction", rawFile(`{"a":${entry(0, 4, [1.5])}}`, 4), 'number "1.5", which is not an integer'],
  [
    "exponent",
    rawFile(`{"a":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}`, 4),
    'number "1e0", which is not an integer',
  ],
  [
    "1.0",
    rawFile(`{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}`, 4),
    'number "1.0", which is not an integer',
  ],
  [
    "leading zero",
    rawFile(`{"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}`, 4),
    "its header is not valid JSON",
  ],
  [
    "2^53",
    rawFile(`{"a":{"dtype":"F32","shape":[9007199254740992],"data_offsets":[0,4]}}`, 4),
    'number "9007199254740992", which is not an integer from 0 to 2^53 - 1',
  ],
  [
    "number of 400 digits",
    rawFile(`{"a":{"dtype":"F32","shape":[${"9".repeat(400)}]}}`, 4),
    "which is not an integer from 0 to 2^53 - 1",
  ],
  ["shape that overflows", rawFile(`{"a":${entry(0, 4, [2 ** 40, 2 ** 40])}}`, 4), "overflows"],
  ["shape that wraps to 4 bytes in 64 bits", rawFile(`{"a":${entry(0, 4, [2 ** 32, 2 ** 32, 1])}}`, 4), "overflows"],
  ["one offset", rawFile(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}`, 4), "data_offsets is not an array"],
  ["three offsets", rawFile(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}`, 8), "data_offsets is not"],
  ["end before begin", rawFile(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 4), "end before they begin"],
  ["too few bytes for the shape", rawFile(`{"a":${entry(0, 4, [2])}}`, 4), "takes 8"],
  ["too many bytes for the shape", rawFile(`{"a":${entry(0, 8, [1])}}`, 8), "takes 4"],
  ["bytes for an empty shape", rawFile(`{"a":${entry(0, 4, [0])}}`, 4), "takes 0"],
  ["wrong bytes for the dtype", rawFile(`{"a":${entry(0, 4, [1], "F16")}}`, 4), "in F16 takes 2"],
  [
    "first tensor not at 0",
    rawFile(`{"a":${entry(4, 8)}}`, 8),
    'tensor "a": leaves a hole of 4 bytes after the header',
  ],
  ["hole", rawFile(`{${good},"b":${entry(8, 12)}}`, 12), 'tensor "b": leaves a hole of 4 bytes after "a"'],
  ["overlap", rawFile(`{"a":${entry(0, 8)},"b":${entry(4, 8)}}`, 8), 'tensor "b": overlaps "a"'],
  ["same bytes twice", rawFile(`{${good},"b":${entry(0, 4)}}`, 4), 'tensor "b": overlaps "a"'],
  ["empty tensor within another", rawFile(`{"a":${entry(0, 8)},"b":${entry(4, 4, [0])}}`, 8), '"b": overlaps "a"'],
  ["truncated data", rawFile(`{"a":${entry(0, 8)}}`, 7), "truncated"],
  ["no data at all", rawFile(`{"a":${entry(0, 8)}}`, 0), "truncated"],
  ["bytes after the last tensor", rawFile(`{${good}}`, 5), "follow the last tensor"],
  ["bytes after an empty header", rawFile("{}", 1), "follow the last tensor"],
];

describe("broken files", () => {
  test.each(BROKEN)("%s", async (_, file, message) => {
    for (const size of [file.length, null])
      for (const chunk of [5, 1 << 16]) {
        const error = await failure(openBytes(file, chunk, size));
        expect([error.code, error.message]).toEqual(["invalid_weights", expect.stringContaining(PATH)]);
        expect(error.message).toMatch(message);
      }
  });

  test.each([
    ["[", "]"],
    ['{"a":', "}"],
    ['{"__metadata__":[', "]}"],
  ])("100,000 nested %s%s do not overflow the stack", async (open, close) => {
    const nested = open.repeat(100_000) + (open.endsWith(":") ? "1" : "");
    const header = `{"a":${nested}${close.repeat(100_000)}}`;
    expect((await failure(openBytes(rawFile(header)))).message).toMatch("its header is nested over 8 levels");
    expect((await failure(openBytes(rawFile(`{"a":${nested}`)))).message).toMatch("its header is not valid JSON");
  });

  test("a string of ten million escapes does not overflow the stack", async () => {
    const header = `{"__metadata__":{"k":"${"\\n".repeat(1e7)}"},"a":1}`;
    expect((await failure(openBytes(rawFile(header), 1 << 20))).message).toMatch(
      'tensor "a": is not described by an object',
    );
  });

  test("a header beyond a known size is refused before it is read", async () => {
    const stream = new ReadableStream<Uint8Array>({ start: (c) => c.enqueue(rawFile("{}", 0, 1000n)) });
    expect((await failure({ stream, size: 500 })).message).toMatch("header of 1000 bytes does not fit the file of 500");
  });

  test("a name of a million letters does not fill the message", async () => {
    const error = await failure(openBytes(rawFile(`{"${"n".repeat(1e6)}":[]}`)));
    expect(error.message.length).toBeLessThan(400);
  });

  test("a Git LFS pointer gets a hint", async () => {
    const pointer = new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
    expect((await failure(openBytes(pointer))).hint).toMatch("Git LFS");
    expect((await failure(openBytes(rawFile("{}", 0, 2n ** 60n)))).hint).toBeUndefined();
  });

  test("parseHeader says what it expects", () => {
    const header = new TextEncoder().encode(`{"x":${entry(0, 8)}}`);
    expect(parseHeader(header, PATH, 8)).toEqual([{ name: "x", dtype: "F32", shape: [2], begin: 0, end: 8 }]);
    expect(parseHeader(header, PATH).length).toBe(1);
    expect(() => parseHeader(header, PATH, 5)).toThrow(/its tensors take 8 bytes, but 5 bytes follow the header/);
  });
});
