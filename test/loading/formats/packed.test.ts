/** The mark of packed matrices in safetensors, written and read, and what is refused. */

import { describe, expect, test } from "vitest";
import { PACKED_KEY, writePackedHeader } from "../../../src/loading/formats/packed";
import { readSafetensors } from "../../../src/loading/formats/safetensors";
import type { TensorInfo } from "../../../src/loading/formats/tensors";
import { failureOf } from "../../support/node/failure";
import { makeSafetensors, openBytes } from "../../support/shared/safetensors";

const words = (rows: number, count: number) => ({
  dtype: "U32",
  shape: [rows, count],
  data: new Uint8Array(4 * rows * count).fill(1),
});

async function read(metadata: unknown, tensors = { a: words(3, 18), b: words(1, 2) }) {
  const text = typeof metadata === "string" ? metadata : JSON.stringify(metadata);
  const file = openBytes(makeSafetensors(tensors, { [PACKED_KEY]: text }));
  let header: TensorInfo[] = [];
  const pieces = [];
  for await (const { name, shape, packed, start, data } of readSafetensors(file, "m.safetensors", {
    onHeader: (found) => void (header = found),
  }))
    pieces.push({ name, shape, packed, start, bytes: data.length });
  return { header: header.map(({ name, shape, packed, sameAs }) => ({ name, shape, packed, sameAs })), pieces };
}

test("a matrix has its own shape, and comes in packed rows", async () => {
  const text = writePackedHeader({ dtype: "q8", shapes: new Map([["a", [3, 40]]]), sameAs: new Map([["c", "a"]]) });
  expect(await read(text)).toEqual({
    header: [
      { name: "a", shape: [3, 40], packed: "q8" },
      { name: "b", shape: [1, 2] },
      { name: "c", shape: [3, 40], packed: "q8", sameAs: "a" },
    ],
    pieces: [
      { name: "a", shape: [3, 40], packed: "q8", start: 0, bytes: 216 },
      { name: "b", shape: [1, 2], start: 0, bytes: 8 },
    ],
  });
});

test("other metadata are passed over", async () => {
  const file = openBytes(makeSafetensors({ a: words(1, 1) }, { format: "pt" }));
  for await (const { packed } of readSafetensors(file, "m.safetensors")) expect(packed).toBeUndefined();
});

describe("refused", () => {
  const shapes = { a: [3, 40] };
  test.each([
    ["broken JSON", "{", "is not valid JSON"],
    ["another version", { format: 2, shapes }, "has the format 2; this version reads 1."],
    ["an unknown dtype", { format: 1, dtype: "q5", shapes }, 'has the dtype "q5".'],
    ["no dtype", { format: 1, shapes }, "names matrices, but no dtype."],
    ["shapes in a list", { format: 1, dtype: "q8", shapes: [] }, "has shapes or same_as that are not objects."],
    ["a shape of three", { format: 1, dtype: "q8", shapes: { a: [3, 4, 1] } }, 'has no rows and width of "a".'],
    ["a width of 0", { format: 1, dtype: "q8", shapes: { a: [3, 0] } }, 'has no rows and width of "a".'],
    ["a tensor that is not there", { format: 1, dtype: "q8", shapes: { z: [3, 40] } }, 'there is no tensor "z"'],
    ["other words", { format: 1, dtype: "q4", shapes }, "is not the U32 [3, 10] that [3, 40] in q4 takes."],
    ["other rows", { format: 1, dtype: "q8", shapes: { a: [2, 40] } }, "is not the U32 [2, 18]"],
    ["a name of nothing", { format: 1, shapes: {}, same_as: { c: "z" } }, '"c" cannot be the same as "z".'],
    ["a name twice", { format: 1, shapes: {}, same_as: { b: "a" } }, '"b" cannot be the same as "a".'],
    ["a name of a number", { format: 1, shapes: {}, same_as: { c: 1 } }, 'does not name a tensor for "c".'],
  ])("%s", async (_what, metadata, message) => {
    const error = await failureOf(() => read(metadata));
    expect([error.code, error.message]).toEqual(["invalid_weights", expect.stringContaining(message)]);
  });

  test("a tensor that is not words", async () => {
    const tensors = { a: { ...words(3, 18), dtype: "F32" }, b: words(1, 2) };
    const error = await failureOf(() => read({ format: 1, dtype: "q8", shapes }, tensors));
    expect(error.message).toContain('tensor "a": is not the U32');
  });
});
