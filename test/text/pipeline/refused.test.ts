/** Parts and patterns that are not there: an error that names them and lists what is. */

import { describe, expect, test } from "vitest";
import { ModelError } from "../../../src/errors";
import { createTokenizer } from "../../../src/text/families/generic";
import { translate } from "../../../src/text/pipeline/oniguruma";
import { UntranslatablePattern } from "../../../src/text/pipeline/oniguruma-classes";

const model = { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: ["a b"] };

function refusal(json: unknown): ModelError {
  try {
    createTokenizer(json, {});
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
  return expect.fail("it was read");
}

test.each([
  ["normalizer", { normalizer: { type: "Upper" } }, "BertNormalizer, ByteLevel, Lowercase"],
  ["pre-tokenizer", { pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Words" }] } }, "Whitespace"],
  ["post-processor", { post_processor: { type: "Around" } }, "TemplateProcessing"],
  ["decoder", { decoder: { type: "Unfuse" } }, "ByteFallback"],
  ["model", { model: { type: "Bigram", vocab: { a: 0 } } }, "BPE, Unigram, WordLevel, WordPiece"],
])("an unknown %s", (part, fields, supported) => {
  const error = refusal({ model, ...fields });
  expect(error.code).toBe("invalid_tokenizer");
  expect(error.message).toMatch(new RegExp(`^tokenizer\\.json: the ${part} "\\w+" is not supported\\.$`));
  expect(error.hint).toContain(supported);
});

test.each([
  ["the length", { pre_tokenizer: { type: "FixedLength", length: 0 } }],
  ["the behavior", { pre_tokenizer: { type: "Punctuation", behavior: "Kept" } }],
  ["the delimiter", { pre_tokenizer: { type: "CharDelimiterSplit", delimiter: "ab" } }],
  ["the template", { post_processor: { type: "TemplateProcessing", single: [{ Sequence: { id: "B" } }] } }],
  ["clean_text of BertNormalizer", { normalizer: { type: "BertNormalizer", clean_text: 1 } }],
  ["the merge", { model: { ...model, merges: ["a c"] } }],
])("%s makes no sense", (what, fields) => {
  expect(refusal({ model, ...fields }).message).toContain(what);
});

test("an unknown token that the vocabulary lacks is told at the first text that needs it", () => {
  for (const type of ["WordLevel", "WordPiece"]) {
    const tokenizer = createTokenizer({ model: { type, vocab: { a: 0 }, unk_token: "?" } }, {});
    expect(tokenizer.encode("a")).toEqual([0]);
    expect(() => tokenizer.encode("b")).toThrow(/"\?" is not in the vocabulary/);
  }
});

describe("patterns of Oniguruma", () => {
  test.each([
    ["\\X", "graphemes"],
    ["(?<a>x)\\k<a>", "names"],
    ["(a)\\1", "back references"],
    ["\\p{Unheard}", "classes"],
    ["\\p{C}", "unassigned characters"],
    ["(?i:strasse)", "letters that are one letter together"],
    ["a{2}?", "a quantifier that Ruby reads otherwise"],
    ["(a", "groups without an end"],
    ["a)", "groups without a beginning"],
    ["[a", "brackets without an end"],
    ["[z-a]", "ranges that go backwards"],
    ["*a", "nothing to repeat"],
    ["\\G", "anchors of a search"],
    ["\\x{110000}", "code points that Unicode does not have"],
    ["\\p{constructor}", "names that only JavaScript's objects have"],
    ["[[:constructor:]]", "the same in brackets"],
  ])("%s: %s are refused", (pattern) => {
    expect(() => translate(pattern)).toThrow(UntranslatablePattern);
    const split = { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false };
    const error = refusal({ model, pre_tokenizer: split });
    expect([error.code, error.message.includes(JSON.stringify(pattern))]).toEqual(["invalid_tokenizer", true]);
  });

  test("\\0 without digits is U+0000", () => {
    const pattern = new RegExp(translate("^\\0[\\0]\\01$"), "v");
    expect(pattern.test("\0\0\x01")).toBe(true);
  });

  test("a long text and a pattern that gives back end in time", () => {
    const pattern = new RegExp(translate("\\s+(?!\\S)|\\s+|[^\\s]+"), "gv");
    expect(`${" ".repeat(20_000)}x`.match(pattern)).toHaveLength(3);
  });
});
