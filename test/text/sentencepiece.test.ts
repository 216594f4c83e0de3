/** Our SentencePiece reader against sentencepiece itself: nine models, 20,000 lines each; and files that are none. */

import { describe, expect, test } from "vitest";
import { ModelError } from "../../src/errors";
import { createSentencePiece } from "../../src/text/sentencepiece/processor";
import { random } from "../support/shared/random";
import { bytesField, charsmap, expectGolden, modelBytes, unzipped } from "../support/node/tokenizers";

const models = [
  "unigram",
  "unigram-target",
  "unigram-defined",
  "unigram-plain",
  "unigram-bytes",
  "unigram-suffix",
  "bpe",
  "bpe-bytes",
  "t5",
];

describe("as sentencepiece encodes and decodes 20,000 lines, and a million characters at once", () => {
  test.each(models)("%s", (name) => {
    const model = createSentencePiece(modelBytes(name), `${name}.model`);
    const { pieces } = model.proto;
    expectGolden<string>(`spm-${name}`, model.encode, (items) =>
      model.decode(items.map((item) => (typeof item === "number" ? pieces[item].piece : item))),
    );
  });
});

/** Loads and uses a model; says what was wrong with it, where it was refused. */
function refused(bytes: Uint8Array): string | undefined {
  try {
    const model = createSentencePiece(bytes, "x.model");
    model.decode(model.encode("the ﬁrst １２３ été 日本 <sep> 😀"));
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(ModelError);
    expect(error).toMatchObject({ code: "invalid_tokenizer" });
    expect((error as ModelError).message).toMatch(/^x\.model: /);
    return (error as ModelError).message;
  }
}

const text = (value: string) => new TextEncoder().encode(value);
const bytes = (...parts: (Uint8Array | number[])[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const piece = (name: string, type: number) => bytesField(1, bytes(bytesField(1, text(name)), [0x18, type]));
const unk = piece("<unk>", 2);
const map = (blob: Uint8Array) => bytesField(3, bytesField(2, blob));
const u32 = (...values: number[]) => new Uint8Array(Uint32Array.from(values).buffer);

describe("files that are no models", () => {
  test.each([
    ["an empty file", bytes(), "no pieces"],
    ["text", text("Not found\n"), "wire type"],
    ["no unknown piece", piece("a", 1), "0 unknown pieces"],
    ["two unknown pieces", bytes(unk, piece("<unk2>", 2)), "2 unknown pieces"],
    ["a piece twice", bytes(unk, piece("a", 1), piece("a", 1)), '"a" is there twice'],
    ["a piece without text", bytes(unk, bytesField(1, bytes())), "empty"],
    ["a piece with a zero byte", bytes(unk, piece("a\0", 1)), "zero byte"],
    ["a piece that is no UTF-8", bytes(unk, bytesField(1, bytesField(1, bytes([0xc3])))), "UTF-8"],
    ["a piece of 8000 characters", bytes(unk, piece("a".repeat(8000), 1)), "8000 characters"],
    ["a type that there is not", bytes(unk, piece("a", 9)), "type of piece"],
    [
      "a score that is not a number",
      bytes(unk, bytesField(1, bytes(bytesField(1, text("a")), [0x15, 0, 0, 0xc0, 0x7f]))),
      "score",
    ],
    ["byte pieces without byte fallback", bytes(unk, piece("<0x00>", 6)), "1 byte pieces"],
    ["a byte piece that is not one", bytes(unk, piece("<0xZZ>", 6)), "does not name a byte"],
    ["byte fallback without byte pieces", bytes(unk, bytesField(2, bytes([0x98, 2, 1]))), "0 byte pieces"],
    ["a word model", bytes(unk, bytesField(2, bytes([0x18, 3]))), "model type 3"],
    ["a length past the end", bytes(unk, [0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f]), "ends within"],
    ["a number without an end", bytes(unk, [0xa0, 1, ...new Array<number>(12).fill(0xff)]), "more than ten bytes"],
    ["a group", bytes(unk, [0x0b]), "wire type"],
    ["a map of three bytes", bytes(unk, map(bytes([1, 2, 3]))), "character map"],
    ["a map with a trie longer than itself", bytes(unk, map(bytes(u32(1024), [0]))), "character map"],
    ["a map without replacements' end", bytes(unk, map(bytes(u32(1024), new Uint8Array(1024), [65]))), "no end"],
    ["a trie that is too short", bytes(unk, map(bytes(u32(4), u32(0), [0]))), "points to"],
  ])("%s", (_name, given, message) => {
    expect(refused(given)).toContain(message);
  });

  test("a trie that points past its end, or to a replacement that there is not", () => {
    const units = new Uint32Array(256);
    units[65] = (1 << 22) | 65;
    expect(refused(bytes(unk, map(bytes(u32(1024), u32(...units), [0]))))).toContain("points to 4");
    // "A" has a leaf whose value lies past the replacements.
    units[65] = (64 << 10) | 0x100 | 65;
    units[1] = 0x80000007;
    expect(refused(bytes(unk, map(bytes(u32(1024), u32(...units), [0]))))).toContain("past the replacements");
  });

  test("a model cut anywhere", () => {
    const whole = modelBytes("unigram-defined").slice(0, 30_000);
    const rng = random(7);
    for (let i = 0; i < 150; i++) refused(whole.slice(0, Math.floor(rng.next() * whole.length)));
    expect(refused(unzipped("unigram.model.gz").slice(0, -1))).toContain("ends within");
  });

  test("a model with bytes changed is refused or works, and quickly", () => {
    const rng = random(8);
    const started = performance.now();
    let wrong = 0;
    for (const name of ["unigram-defined", "bpe-bytes"]) {
      const whole = unzipped(`${name}.model.gz`);
      for (let i = 0; i < 100; i++) {
        const changed = whole.slice();
        for (let n = 0; n < 3; n++) {
          changed[Math.floor(rng.next() * changed.length)] = Math.floor(rng.next() * 256);
        }
        if (refused(changed)) wrong++;
      }
    }
    const blob = charsmap("nfkc");
    for (let i = 0; i < 25; i++) {
      const changed = blob.slice();
      for (let n = 0; n < 40; n++) changed[Math.floor(rng.next() * changed.length)] = Math.floor(rng.next() * 256);
      if (refused(bytes(unk, map(changed)))) wrong++;
    }
    expect(wrong).toBeGreaterThan(50);
    expect(performance.now() - started).toBeLessThan(30_000);
  });
});

test("a user-defined piece is taken whatever the others say, and no rule changes it", () => {
  const model = createSentencePiece(modelBytes("unigram-defined"), "x");
  expect(model.encode("cab C++ 日本 <sep>")).toEqual(["▁", "c", "ab", "▁", "C++", "▁", "日本", "▁", "<sep>"]);
});

test("consecutive unknown characters are one piece, bytes where there is byte fallback", () => {
  expect(createSentencePiece(modelBytes("unigram"), "x").encode("a ᚠᚢ")).toEqual(["▁a", "▁", "ᚠᚢ"]);
  expect(createSentencePiece(modelBytes("unigram-bytes"), "x").encode("ᚠ").slice(1)).toEqual([
    "<0xE1>",
    "<0x9A>",
    "<0xA0>",
  ]);
});
