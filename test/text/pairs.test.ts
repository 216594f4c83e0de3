/** Which languages the files of a model contradict. */

import { describe, expect, test } from "vitest";
import { checkPairs, fits, pairOf } from "../../src/text/pairs";
import { failureOf } from "../support/node/failure";

test("the pair is that of tokenizer_config.json, else of config.json", () => {
  expect(pairOf({ source_lang: "en", target_lang: "fr" }, {})).toEqual({ source: "en", target: "fr" });
  expect(pairOf({}, { source_lang: "en", target_lang: "fr" })).toEqual({ source: "en", target: "fr" });
  expect(pairOf({ source_lang: "de" }, { source_lang: "en", target_lang: "fr" })).toEqual({
    source: "de",
    target: "fr",
  });
  expect(pairOf({ source_lang: "" }, { target_lang: 7 })).toBeUndefined();
});

test.each([
  ["fr", "fr", true],
  ["fr-CA", "fr", true],
  ["fr", "fra", true],
  ["no", "nb", true],
  ["zh-Hant", "zho", true],
  ["es", "cat_oci_spa", true],
  ["pt", "pt_BR", true],
  // Groups of languages, and what is no code.
  ["fr", "roa", true],
  ["ja", "mul", true],
  ["ja", "zle", true],
  ["ja", "ROMANCE", true],
  ["ja", undefined, true],
  [undefined, "fr", true],
  ["de", "fr", false],
  ["ja", "fra", false],
  ["en", "ceb", false],
  ["fr", "cat_oci_spa", false],
])("%s fits %s: %s", (wanted, named, expected) => {
  expect(fits(wanted, named)).toBe(expected);
});

describe("a pair that the files contradict", () => {
  test("is refused with what they name", async () => {
    const pairs = [{ source: "en", target: "fr" }, { source: "en" }];
    checkPairs(pairs, { sourceLanguage: "en-GB", targetLanguage: "ja" });
    checkPairs(pairs, {});
    const error = await failureOf(() => checkPairs(pairs, { sourceLanguage: "ja", targetLanguage: "de" }));
    expect(error.code).toBe("unsupported_option");
    expect(error.message).toBe('sourceLanguage "ja", targetLanguage "de": this model does not translate that.');
    expect(error.hint).toBe('Its files name "en" to "fr", "en" to any language.');
  });
});
