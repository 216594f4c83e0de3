/** A checked tokenizer has everything that the one inside has: what is lost here, no caller of the public API gets. */

import { expect, test } from "vitest";
import { createTextStream } from "../../src/text/stream";
import { checkedTokenizer } from "../../src/text/checked";
import type { Tokenizer } from "../../src/text/tokenizer";

/** Splits words as Blenderbot-small does: a token before the end of its word has "@@" after it. */
const inner: Required<Tokenizer> = {
  encode: () => [0, 1],
  decode: (ids) =>
    ids
      .map((id) => ["he@@ ", "llo"][id])
      .join("")
      .replace(/@@ (?=.)/g, ""),
  token: String,
  unsettled: /@@ ?$/,
  languages: ["en"],
  languagePairs: [{ source: "en", target: "fr" }],
  truncationSide: "left",
  forcedBosTokenId: () => 7,
  speech: { offsets: () => [], promptIds: () => [8], decoderPromptIds: () => [[1, 9]] },
};

test("keeps every property of the tokenizer", () => {
  const checked = checkedTokenizer(inner);
  expect(Object.keys(checked).sort()).toEqual(Object.keys(inner).sort());
  expect(checked.forcedBosTokenId?.("en")).toBe(7);
  expect(checked.languages).toBe(inner.languages);
});

test("a stream over it holds back the mark of a word that goes on", () => {
  const stream = createTextStream(checkedTokenizer(inner));
  expect([stream.push(0), stream.push(1)]).toEqual(["he", "llo"]);
});
