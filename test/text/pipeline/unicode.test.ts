/** What the parts make of every code point, against the tables of the libraries that the tokenizers library uses. */

import { expect, test } from "vitest";
import { createNormalizer } from "../../../src/text/pipeline/normalizers";
import { createPreTokenize } from "../../../src/text/pipeline/pre-tokenizers";
import { codePointDigests } from "../../support/node/pipeline";
import { digest } from "../../support/node/tokenizers";

const CODE_POINTS = 4096;

function* blocks(): Generator<string[]> {
  for (let start = 0; start < 0x110000; start += CODE_POINTS) {
    const all = Array.from({ length: CODE_POINTS }, (_, i) => start + i);
    yield all.filter((c) => c < 0xd800 || c > 0xdfff).map((c) => String.fromCodePoint(c));
  }
}

test.each(Object.entries(codePointDigests()))("%s", { timeout: 60_000 }, (json, digests) => {
  const part = JSON.parse(json) as { normalizer?: unknown; pre_tokenizer?: unknown };
  const normalizer = part.normalizer === undefined ? undefined : createNormalizer(part.normalizer);
  const preTokenize = normalizer ? undefined : createPreTokenize(part.pre_tokenizer);
  const words = (text: string) => preTokenize!({ text, origin: 0 }).map((piece) => piece.text);
  const wrong: string[] = [];
  let block = 0;
  for (const characters of blocks()) {
    const texts = ["a", "", "\u0345"].map((between) => characters.join(between));
    const own = digest(texts.map((text) => normalizer?.apply(text) ?? words(text).join("\n")));
    if (own !== digests.slice(8 * block, 8 * block + 8)) wrong.push((block * CODE_POINTS).toString(16));
    block++;
  }
  expect(digests).toHaveLength(8 * block);
  expect(wrong).toEqual([]);
});
