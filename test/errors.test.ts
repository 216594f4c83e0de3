/** Values in messages. */

import { expect, test } from "vitest";
import { quote } from "../src/errors";

const cycle: unknown[] = [];
cycle.push(cycle);

test.each([
  ["a string", "fr", '"fr"'],
  ["a list", [1, "a"], '[1,"a"]'],
  ["undefined", undefined, "undefined"],
  ["a bigint", 5n, "5n"],
  ["NaN", NaN, "NaN"],
  ["a function", () => 1, "a function"],
  ["a symbol", Symbol("x"), "a symbol"],
  ["a cycle", cycle, "an object"],
  ["bigints in a list", [1n], "an object"],
  ["what can't be made a primitive", { toString: 1 }, '{"toString":1}'],
])("%s", (_, value, text) => {
  expect(quote(value)).toBe(text);
});

test("long text is cut", () => {
  expect(quote("x".repeat(5000)).length).toBeLessThan(110);
});
