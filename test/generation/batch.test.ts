/** What reaches a kernel: ids inside the vocabulary, rows that fit, masks that fit the rows. */

import { describe, expect, it } from "vitest";
import { padded, inputBatch } from "../../src/generation/batch";
import { failureOf } from "../support/node/failure";

const info = { sourceVocabSize: 10, maxSourceLength: 6 };
const batch = (ids: unknown, mask?: unknown) => inputBatch(ids, mask, info, { padTokenId: 0 });

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
    ["undefined", undefined, "must be a list of token ids or a list of such lists, not undefined."],
    ["a string", "4 5", 'must be a list of token ids or a list of such lists, not "4 5".'],
    ["a number", 4, "must be a list of token ids or a list of such lists, not 4."],
    [
      "an array of bigints",
      BigInt64Array.of(4n),
      "must be a list of token ids or a list of such lists, not an array of",
    ],
    ["nothing", [], "row 0 is empty"],
    ["an empty row", [[4], []], "row 1 is empty"],
    ["a row that is too long", [[4], [1, 2, 3, 4, 5, 6, 7]], "row 1 has 7 tokens; this model takes at most 6."],
    [
      "an id at the vocabulary size",
      [4, 10],
      "row 0, position 1 holds token id 10; the vocabulary has the ids from 0 to 9",
    ],
    ["a negative id", [-1], "token id -1"],
    ["a fraction", [1.5], "input_ids: row 0, position 0 holds 1.5, but a token id is an integer from 0 to 9."],
    ["NaN", [NaN], "input_ids: row 0, position 0 holds NaN"],
    ["text among ids", [1, "2"], 'input_ids: row 0, position 1 holds "2"'],
    ["a number among rows", [[1], 2], "mixes token ids and lists of token ids: element 0 is a list, element 1 is 2."],
    ["a row among numbers", [1, [2]], "mixes token ids and lists of token ids: element 0 is 1, element 1 is a list."],
    ["a bigint", [[4], [5n]], "input_ids: row 1, position 0 holds 5n, but a token id is an integer from 0 to 9."],
    ["rows of rows", [[[1]]], "input_ids: row 0, position 0 holds a list, but a token id is an integer"],
    ["a list of arrays of bigints", [BigInt64Array.of(1n)], "input_ids: row 0, position 0 holds an array of bigints"],
  ])("%s is refused", async (_name, ids, message) => {
    const error = await failureOf(() => batch(ids));
    expect(error.code).toBe("invalid_input");
    expect(error.message).toContain(message);
  });
});

it.each([
  ["a bigint", [[5n]], "Number(id)"],
  ["an array of bigints", [BigUint64Array.of(5n)], "Number(id)"],
  ["a list", [[[1]]], "without further nesting"],
  ["text", [["x"]], "generateText()"],
])("%s among ids has its hint", async (_name, ids, hint) => {
  expect((await failureOf(() => batch(ids))).hint).toContain(hint);
});

describe("the mask", () => {
  it("is all ones where there is none, with a warning that names it where the pad token is there", () => {
    const warnings: string[] = [];
    const onWarning = (message: string) => void warnings.push(message);
    const rows = [
      [4, 0, 5],
      [0, 6],
    ];
    const { mask } = inputBatch(rows, undefined, info, { padTokenId: 0, onWarning });
    expect(mask).toEqual([
      [1, 1, 1],
      [1, 1],
    ]);
    expect(warnings).toEqual([expect.stringMatching(/pad token 0.*attention_mask/)]);
    inputBatch(rows, mask, info, { padTokenId: 0, onWarning });
    inputBatch(rows, undefined, info, { onWarning });
    inputBatch([[4, 5]], undefined, info, { padTokenId: 0, onWarning });
    expect(warnings.length).toBe(1);
  });

  it("may hold booleans", () => {
    expect(batch([[4, 5]], [[true, false]]).mask).toEqual([[1, 0]]);
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
    ["a text", [[4]], [["1"]]],
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
