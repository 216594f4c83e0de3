/** Text that grows token by token: the pieces joined are the whole, and nothing is ever taken back. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createTextStream } from "../../src/text/stream";
import { createTokenizer } from "../../src/text/families/registry";
import type { Tokenizer } from "../../src/text/tokenizer";
import { random } from "../support/shared/random";

const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
const folder = "../../demo/public/models/en-fr";
const demo = createTokenizer(read(`${folder}/tokenizer.json`), read(`${folder}/tokenizer_config.json`));

const stub = (decode: (ids: readonly number[]) => string): Tokenizer => ({
  encode: () => expect.fail("a stream encodes nothing"),
  decode,
  token: String,
});

/** One token a byte, as GPT-2's alphabet: invalid UTF-8 becomes U+FFFD. */
const byteLevel = stub((ids) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(ids)));

/**
 * As sentencepiece with byte fallback: ids from 256 on are words, a run of bytes that is no valid UTF-8 is one U+FFFD a byte.
 */
const words = ["Hello", " world", "é", "😀", "\ufffd", "?"];
const byteFallback = stub((ids) => {
  let text = "";
  for (let i = 0; i < ids.length;) {
    if (ids[i] >= 256) {
      text += words[ids[i++] - 256];
      continue;
    }
    const start = i;
    while (i < ids.length && ids[i] < 256) i++;
    const run = Uint8Array.from(ids.slice(start, i));
    try {
      text += new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(run);
    } catch {
      text += "\ufffd".repeat(run.length);
    }
  }
  return text;
});

/** Pushes all ids; checks each piece. */
function pieces(tokenizer: Tokenizer, ids: readonly number[]): string[] {
  const stream = createTextStream(tokenizer);
  const out = ids.map((id) => stream.push(id));
  out.push(stream.end());
  for (const piece of out) {
    expect(piece).not.toMatch(/^[\udc00-\udfff]|[\ud800-\udbff]$/);
  }
  return out;
}

const utf8 = (text: string) => [...new TextEncoder().encode(text)];

describe("the demo's tokenizer", () => {
  const texts = (read("../goldens/tokenizer.json") as [string, string, number[], string][]).slice(0, 200);

  test("pieces joined are the decoded whole, for 200 texts", () => {
    for (const [, , ids, decoded] of texts) expect(pieces(demo, ids).join("")).toBe(decoded);
  });

  test("a piece comes with its token", () => {
    const ids = demo.encode("Where is the station?");
    const expected = ids.map((_, i) =>
      demo.decode(ids.slice(0, i + 1)).slice(i ? demo.decode(ids.slice(0, i)).length : 0),
    );
    expect(pieces(demo, ids)).toEqual([...expected, ""]);
    expect(expected.filter(Boolean).length).toBeGreaterThan(3);
  });
});

describe("characters in several tokens", () => {
  test.each(["aé€😀b", "日本", "👨‍👩‍👧", "é", "\ufeffa", "x\u0000y", "tail 😀"])("%s by bytes", (text) => {
    const ids = utf8(text);
    const out = pieces(byteLevel, ids);
    expect(out.join("")).toBe(text);
    // A character comes whole, with its last byte.
    let at = 0;
    for (const character of text) {
      const length = utf8(character).length;
      expect(out.slice(at, at + length)).toEqual([...new Array<string>(length - 1).fill(""), character]);
      at += length;
    }
    expect(pieces(byteFallback, ids).join("")).toBe(text);
  });

  test.each([
    ["an unfinished character at the end", utf8("a😀").slice(0, 4), "a\ufffd"],
    ["a stray byte within", [...utf8("a"), 0x80, ...utf8("b")], "a\ufffdb"],
    ["a lead byte, then a letter", [...utf8("a"), 0xe2, 0x82, ...utf8("b€")], "a\ufffdb€"],
    ["nothing but stray bytes", [0x80, 0x81], "\ufffd\ufffd"],
  ])("%s", (_name, ids, text) => {
    expect(pieces(byteLevel, ids).join("")).toBe(text);
  });

  test.each([
    ["words", [256, 257, 258, 259]],
    ["a character between words", [256, ...utf8("é"), 257, ...utf8("😀"), 259]],
    ["an unfinished character between words", [256, 0xf0, 0x9f, 257, 258]],
    ["an unfinished character at the end", [256, 0xf0, 0x9f]],
    ["U+FFFD that is a token of its own, within", [256, 260, 257]],
    ["U+FFFD that is a token of its own, at the end", [256, 260]],
  ])("byte fallback: %s", (_name, ids) => {
    expect(pieces(byteFallback, ids).join("")).toBe(byteFallback.decode(ids));
  });

  test("random valid text in random tokens of one to three bytes", () => {
    const rng = random(5);
    const alphabet = [..."aé€😀日 \u0301"];
    for (let round = 0; round < 50; round++) {
      const text = Array.from(rng.integers(12, alphabet.length), (i) => alphabet[i]).join("");
      const bytes = utf8(text);
      const parts: number[][] = [];
      for (let at = 0; at < bytes.length;) parts.push(bytes.slice(at, (at += 1 + Math.floor(rng.next() * 3))));
      const tokens = stub((ids) => byteLevel.decode(ids.flatMap((id) => parts[id])));
      expect(pieces(tokens, [...parts.keys()]).join("")).toBe(text);
    }
  });
});

describe("a decoder that takes text back", () => {
  /** As transformers' clean-up: " n't" is pulled together once it is complete. */
  const cleaning = stub((ids) =>
    ["I", " do", " n", "'t", " know", "."]
      .filter((_, i) => i < ids.length)
      .join("")
      .replace(" n't", "n't"),
  );

  test("what was emitted stays, and what follows still comes", () => {
    const out = pieces(cleaning, [0, 1, 2, 3, 4, 5]);
    expect(out.slice(0, 3)).toEqual(["I", " do", " n"]);
    expect(out.join("")).toMatch(/ know\.$/);
  });

  test("byte fallback: a run of bytes that turns invalid does not silence what follows", () => {
    const ids = [...utf8("A"), 0xc3, 257];
    expect(pieces(byteFallback, ids).join("")).toMatch(/ world$/);
  });
});

test("without a token there is no text", () => {
  expect(createTextStream(byteLevel).end()).toBe("");
  expect(createTextStream(demo).end()).toBe("");
});
