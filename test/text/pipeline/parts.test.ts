/** Each part of the tokenizers library, with each of its settings, against transformers on 20,000 lines, of which `npm test` takes a sixteenth. */

import { describe, expect, test } from "vitest";
import { createTokenizer } from "../../../src/text/families/generic";
import { DECODERS } from "../../../src/text/pipeline/decoders";
import { MODELS } from "../../../src/text/pipeline/models";
import { NORMALIZERS } from "../../../src/text/pipeline/normalizers";
import { POST_PROCESSORS } from "../../../src/text/pipeline/post-processors";
import { BEHAVIORS, PRE_TOKENIZERS } from "../../../src/text/pipeline/pre-tokenizers";
import { BLOCK, cases, wholeTokenizer } from "../../support/node/pipeline";
import { expectAnswers } from "../../support/node/tokenizers";

test.each(Object.entries(cases))("%s", (_name, golden) => {
  const tokenizer = createTokenizer(wholeTokenizer(golden), golden.config);
  expectAnswers<number>(
    golden,
    BLOCK,
    (text) => tokenizer.encode(text),
    (ids) => tokenizer.decode(ids),
  );
});

describe("every part has an answer of transformers", () => {
  /** What stands under `key` in a value and in all that it holds. */
  const under = (value: unknown, key: string): unknown[] => {
    if (typeof value !== "object" || value === null) return [];
    const inner = Object.entries(value) as [string, unknown][];
    return inner.flatMap(([name, own]) => [...(name === key ? [own] : []), ...under(own, key)]);
  };
  const tokenizers = Object.values(cases).map(({ tokenizer }) => tokenizer);
  const types = (field: string) => new Set(tokenizers.flatMap((tokenizer) => under(tokenizer[field], "type")));

  test.each([
    ["normalizer", NORMALIZERS],
    ["pre_tokenizer", PRE_TOKENIZERS],
    ["model", MODELS],
    ["post_processor", POST_PROCESSORS],
    ["decoder", DECODERS],
  ])("%s", (field, table) => {
    const seen = types(field);
    expect(Object.keys(table).filter((type) => !seen.has(type))).toEqual([]);
  });

  test.each(["Split", "Punctuation"])("behaviors of %s", (type) => {
    const parts = tokenizers.map(
      (tokenizer) => tokenizer.pre_tokenizer as { type?: unknown; behavior?: unknown } | null,
    );
    const seen = new Set(parts.filter((part) => part?.type === type).map((part) => part?.behavior));
    expect(Object.keys(BEHAVIORS).filter((behavior) => !seen.has(behavior))).toEqual([]);
  });
});
