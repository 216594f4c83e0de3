/** Tokenizers of whole model folders against transformers: 19 folders of ten classes, 20,000 lines each. */

import { describe, expect, test } from "vitest";
import { loadTokenizer } from "../../src/text/families";
import { expectGolden, folderNames, folderOf, sourceLanguageOf } from "../support/tokenizers";

describe("as transformers encodes and decodes 20,000 lines, and a million characters at once", () => {
  test.each(folderNames)("%s", async (name) => {
    const tokenizer = await loadTokenizer(folderOf(name));
    if (!tokenizer) return expect.fail("no tokenizer");
    const sourceLanguage = sourceLanguageOf(name);
    expectGolden<number>(
      `hf-${name}`,
      (text) => tokenizer.encode(text, { sourceLanguage }),
      (ids) => tokenizer.decode(ids),
    );
  });
});
