/** The options of a call of a tokenizer, for a folder of every class, as transformers has them (tokenizers/calls.json). */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { loadTokenizer } from "../../src/text/families/registry";
import { encodeTexts } from "../../src/text/texts";
import type { Tokenizer } from "../../src/text/tokenizer";
import { failureOf } from "../support/node/failure";
import { folderNames, folderOf, sourceLanguageOf } from "../support/node/tokenizers";

/** The ids that truncated texts have in the golden. */
const LENGTH = 6;
type Call = [text: string, bare: number[], right: number[], left: number[]];
const golden = JSON.parse(readFileSync("test/goldens/tokenizers/calls.json", "utf8")) as Record<string, Call[]>;

test("every folder is in the golden", () => {
  expect(Object.keys(golden).sort()).toEqual([...folderNames].sort());
});

describe("add_special_tokens: false, and truncation on both sides", () => {
  test.each(folderNames)("%s", async (name) => {
    const tokenizer = (await loadTokenizer(folderOf(name)))!;
    const options = { sourceLanguage: sourceLanguageOf(name) };
    let cuts = 0;
    for (const [text, bare, right, left] of golden[name]) {
      expect(tokenizer.encode(text, { ...options, add_special_tokens: false })).toEqual(bare);
      const whole = tokenizer.encode(text, options).length;
      for (const [truncationSide, expected] of [["right", right] as const, ["left", left] as const]) {
        const call = (limit: number | boolean, most = 1000) =>
          encodeTexts("test", { ...tokenizer, truncationSide }, [text], options, limit, most);
        const found = call(LENGTH);
        expect(found.input_ids).toEqual([expected]);
        expect(call(true, LENGTH)).toEqual(found);
        expect(found.truncated).toEqual([Math.max(0, whole - LENGTH)]);
        cuts += found.truncated[0] > 0 ? 1 : 0;
      }
    }
    expect(cuts).toBeGreaterThan(3);
  });
});

test("truncation_side of tokenizer_config.json says which end is cut", async () => {
  const folder = folderOf("t5");
  const config = { tokenizer_class: "T5Tokenizer", truncation_side: "left" };
  const json = (file: string) => (file === "tokenizer_config.json" ? Promise.resolve(config) : folder.json(file));
  expect((await loadTokenizer({ ...folder, json }))?.truncationSide).toBe("left");
  expect((await loadTokenizer(folder))?.truncationSide).toBeUndefined();
});

describe("texts that do not fit", () => {
  const words: Tokenizer = {
    encode: (text) => text.split(" ").flatMap((word) => (word === "" ? [] : [word.length])),
    decode: String,
    token: String,
  };
  const encode = (texts: string[], truncation: boolean | number) =>
    encodeTexts("generateText", words, texts, {}, truncation, 3);

  test("are refused with their number, length and limit", async () => {
    const error = await failureOf(() => encode(["a", "a b c d"], false));
    expect(error.code).toBe("invalid_input");
    expect(error.message).toBe("generateText: text 1 has 4 tokens; this model takes at most 3.");
    expect(error.hint).toContain("truncation: true");
    expect((await failureOf(() => encode(["a b c d"], false))).message).toContain("the text has 4 tokens");
    expect((await failureOf(() => encode(["a", ""], true))).message).toBe("generateText: text 1 has no tokens.");
  });

  test("are cut to the limit, or to the number that was given, and that is said per text", () => {
    expect(encode(["a bb ccc dddd", "a"], true)).toEqual({ input_ids: [[1, 2, 3], [1]], truncated: [1, 0] });
    expect(encode(["a bb ccc dddd", "a"], 2)).toEqual({ input_ids: [[1, 2], [1]], truncated: [2, 0] });
    expect(encode(["a bb ccc dddd"], 99)).toEqual({ input_ids: [[1, 2, 3]], truncated: [1] });
  });
});
