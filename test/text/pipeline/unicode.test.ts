/** What the parts make of every code point, against the tables of the libraries that the tokenizers library uses. */

import { expect, test } from "vitest";
import { createNormalizer } from "../../../src/text/pipeline/normalizers";
import { createPreTokenize } from "../../../src/text/pipeline/pre-tokenizers";
import { codePointDigests } from "../../support/node/pipeline";
import { digest } from "../../support/node/tokenizers";
import { EVERYTHING } from "../../support/node/volume";

const CODE_POINTS = 4096;

/** Past the planes that have characters, of which the last is a small one, `npm test` takes one block of four. */
const taken = (start: number) =>
  EVERYTHING || start < 0x40000 || start >> 16 === 0xe || (start / CODE_POINTS) % 4 === 0;

function charactersFrom(start: number): string[] {
  const all = Array.from({ length: CODE_POINTS }, (_, i) => start + i);
  return all.filter((c) => c < 0xd800 || c > 0xdfff).map((c) => String.fromCodePoint(c));
}

/** What stands between the characters. */
const BETWEEN = ["a", "", "\u0345"];
const blocks = Array.from({ length: 0x110000 / CODE_POINTS }, (_, block) => ({ block, start: block * CODE_POINTS }))
  .filter(({ start }) => taken(start))
  .map(({ block, start }) => ({ block, texts: BETWEEN.map((between) => charactersFrom(start).join(between)) }));

test.each(Object.entries(codePointDigests()))("%s", (json, digests) => {
  const part = JSON.parse(json) as { normalizer?: unknown; pre_tokenizer?: unknown };
  const normalizer = part.normalizer === undefined ? undefined : createNormalizer(part.normalizer);
  const preTokenize = normalizer ? undefined : createPreTokenize(part.pre_tokenizer);
  const words = (text: string) => preTokenize!({ text, origin: 0 }).map((piece) => piece.text);
  const wrong: string[] = [];
  for (const { block, texts } of blocks) {
    const own = digest(texts.map((text) => normalizer?.apply(text) ?? words(text).join("\n")));
    if (own !== digests.slice(8 * block, 8 * block + 8)) wrong.push((block * CODE_POINTS).toString(16));
  }
  expect(digests).toHaveLength((8 * 0x110000) / CODE_POINTS);
  expect(wrong).toEqual([]);
});
