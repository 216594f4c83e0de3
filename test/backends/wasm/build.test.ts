/** The modules that everything imports are those of the sources in wasm/, compiled anew. */

import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { moduleBytes } from "../../../src/backends/wasm/kernels";
import { compile } from "../../../scripts/build-wasm.js";

const names = ["simd", "relaxed"] as const;

test.each(names)("%s is what its sources compile to", async (name) => {
  expect(Buffer.from(await compile(name)).equals(moduleBytes(name))).toBe(true);
});

test("only one of the two holds relaxed instructions", () => {
  expect(Buffer.from(moduleBytes("simd")).equals(moduleBytes("relaxed"))).toBe(false);
  expect(WebAssembly.validate(moduleBytes("simd"))).toBe(true);
});

test("both take less than 20 kB after gzip", () => {
  expect(names.reduce((sum, name) => sum + gzipSync(moduleBytes(name)).length, 0)).toBeLessThan(20_000);
});
