/** Whisper's timestamps and prompts against transformers' tokenizer (test/goldens/whisper_tokenizer.py). */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { checkedTokenizer } from "../../src/text/checked";
import { loadTokenizer } from "../../src/text/families/registry";
import type { DecodeOptions, DecoderPromptOptions, Tokenizer } from "../../src/text/tokenizer";
import { folderOf } from "../support/node/tokenizers";

interface Golden {
  lists: [ids: number[], plain: string, stamped: string, offsets: [text: string, start: number, end: number][]][];
  /** Ids, or the special token that is refused. */
  prompts: [text: string, ids: number[] | string][];
  decoder: [options: DecoderPromptOptions, pairs: [number, number][]][];
}

const goldens = JSON.parse(readFileSync("test/goldens/whisper_tokenizer.json", "utf8")) as Record<string, Golden>;

const open = async (name: string): Promise<Tokenizer> =>
  checkedTokenizer((await loadTokenizer(folderOf(name))) ?? expect.fail(`${name} has no tokenizer`));

describe.each(Object.entries(goldens))("%s", (name, { lists, prompts, decoder }) => {
  test("texts, with timestamps and without, and offsets", async () => {
    const tokenizer = await open(name);
    expect(lists.length).toBe(200);
    expect(lists.filter(([, , , offsets]) => offsets.length > 2).length).toBeGreaterThan(50);
    for (const [ids, plain, stamped, offsets] of lists) {
      expect(tokenizer.decode(ids), String(ids)).toBe(plain);
      expect(tokenizer.decode(ids, { decode_with_timestamps: true }), String(ids)).toBe(stamped);
      const found = tokenizer.speech!.offsets(ids).map(({ text, timestamp }) => [text, ...timestamp]);
      expect(found, String(ids)).toEqual(offsets);
    }
  });

  test("prompts", async () => {
    const { speech } = await open(name);
    for (const [text, expected] of prompts) {
      if (typeof expected === "string") {
        const message = `The prompt has the special token ${expected} in it.`;
        expect(() => speech!.promptIds(text)).toThrow(message);
      } else expect(speech!.promptIds(text), text).toEqual(expected);
    }
  });

  test("what output begins with", async () => {
    const { speech } = await open(name);
    for (const [options, pairs] of decoder) expect(speech!.decoderPromptIds(options)).toEqual(pairs);
  });
});

test("what is no option, no language and no task is refused", async () => {
  const tokenizer = await open("whisper");
  const speech = tokenizer.speech!;
  expect(() => tokenizer.decode([1], { with_stamps: true } as DecodeOptions)).toThrow(/no option "with_stamps"/);
  expect(() => tokenizer.decode([1], { decode_with_timestamps: 1 } as never)).toThrow(/must be true or false, not 1/);
  expect(() => speech.decoderPromptIds({ language: "klingon" })).toThrow(/no language "klingon"/);
  expect(() => speech.decoderPromptIds({ task: "sing" as never })).toThrow(/"sing": transcribe or translate/);
  expect(() => speech.decoderPromptIds({ stamps: true } as never)).toThrow(/no option "stamps"/);
  expect(() => speech.offsets([0.5])).toThrow(/offsets: token id 0 is 0.5/);
  const other = await open("bart");
  expect(other.speech).toBeUndefined();
  expect(() => other.decode([1], { decode_with_timestamps: true })).toThrow(/only Whisper's tokenizer/);
  expect(other.decode([1], { decode_with_timestamps: false })).toBe(other.decode([1]));
});
