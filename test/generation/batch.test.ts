/** What reaches a kernel: ids inside the vocabulary, rows that fit, masks that fit the rows. */

import { describe, expect, it } from "vitest";
import { padded, sourceBatch } from "../../src/generation/batch";
import { failureOf } from "../support/failure";

const info = { sourceVocabSize: 10, maxSourceLength: 6 };
const batch = (ids: unknown, mask?: unknown) => sourceBatch(ids, mask, 0, info);

describe("token ids", () => {
  it.each([
    ["one row", [4, 5], [[4, 5]]],
    ["rows of different lengths", [[4, 5], [6]], [[4, 5], [6]]],
    ["a typed array", Uint32Array.of(4, 5), [[4, 5]]],
    ["a list of typed arrays", [Int32Array.of(4), Uint8Array.of(5, 6)], [[4], [5, 6]]],
  ])("%s", (_name, ids, expected) => {
    expect(batch(ids).ids).toEqual(expected);
    expect(batch(ids).length).toBe(Math.max(...expected.map((row) => row.length)));
  });

  it.each([
    ["undefined", undefined, "must be a list"],
    ["a string", "4 5", "must be a list"],
    ["a number", 4, "must be a list"],
    ["nothing", [], "row 0 is empty"],
    ["an empty row", [[4], []], "row 1 is empty"],
    ["a row that is too long", [[4], [1, 2, 3, 4, 5, 6, 7]], "row 1 has 7 tokens, more than the 6 positions"],
    ["an id at the vocabulary size", [4, 10], "token id 10 at row 0, position 1; ids go from 0 to 9"],
    ["a negative id", [-1], "token id -1"],
    ["a fraction", [1.5], "token id 1.5"],
    ["NaN", [NaN], "token id NaN"],
    ["text among ids", [1, "2"], "token id 2"],
    ["a number among rows", [[1], 2], "mixes token ids and rows"],
    ["an id that no number can hold", [1n], "token id 1"],
  ])("%s is refused", async (_name, ids, message) => {
    const error = await failureOf(() => batch(ids));
    expect(error.code).toBe("invalid_input");
    expect(error.message).toContain(message);
  });
});

describe("the mask", () => {
  it("leaves out pad tokens where there is none", () => {
    expect(
      batch([
        [4, 0, 5],
        [0, 6],
      ]).mask,
    ).toEqual([
      [1, 0, 1],
      [0, 1],
    ]);
  });

  it("of a row of nothing but pad tokens is all ones", () => {
    expect(batch([[0, 0], [4]]).mask).toEqual([[1, 1], [1]]);
  });

  it("that is given is taken as it is", () => {
    expect(batch([[4, 0]], [[1, 1]]).mask).toEqual([[1, 1]]);
    expect(batch([4, 5], [0, 1]).mask).toEqual([[0, 1]]);
  });

  it.each([
    ["fewer rows", [[4], [5]], [[1]]],
    ["a shorter row", [[4, 5]], [[1]]],
    ["another value", [[4, 5]], [[1, 2]]],
    ["a boolean", [[4]], [[true]]],
    ["no 1 in a row", [[4, 5]], [[0, 0]]],
    ["no list", [[4]], "1"],
  ])("with %s is refused", async (_name, ids, mask) => {
    const error = await failureOf(() => batch(ids, mask));
    expect(error.code).toBe("invalid_input");
    expect(error.message).toContain("attention_mask");
  });
});

it("rows are padded on the right with zeros", () => {
  expect(padded([[1, 2], [3]], 3)).toEqual(Uint32Array.of(1, 2, 0, 3, 0, 0));
});
