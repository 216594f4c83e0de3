/** JSON without white space: the same values and the same strings, byte for byte. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { withoutSpaces } from "../../src/cli/json-bytes";

const compact = (text: string): string => new TextDecoder().decode(withoutSpaces(new TextEncoder().encode(text)));

test.each([
  ['{ "a b" :\t[ 1.0,\r\n -2e-05 , true ] }', '{"a b":[1.0,-2e-05,true]}'],
  ['[ "a \\" b", "\\\\" , " \\\\\\" " ]', '["a \\" b","\\\\"," \\\\\\" "]'],
  [' "Ġ é\u2028 \\u0120" ', '"Ġ é\u2028 \\u0120"'],
  [" ", ""],
])("%s", (given, expected) => {
  expect(compact(given)).toBe(expected);
});

test("a tokenizer.json keeps its values", () => {
  const given = readFileSync("demo/public/models/en-fr/tokenizer.json", "utf8");
  const spaced = JSON.stringify(JSON.parse(given), undefined, 2);
  expect(compact(spaced)).toBe(JSON.stringify(JSON.parse(given)));
});
