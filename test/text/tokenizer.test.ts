/** The tokenizer of the demo model against Python's `tokenizers`: texts of test/goldens/tokenizer.json. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ModelError } from "../../src/errors";
import { createTokenizer } from "../../src/text/families/registry";
import { expectGolden } from "../support/node/tokenizers";

const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
const folder = "../../demo/public/models/en-fr";
const definition = read(`${folder}/tokenizer.json`) as Record<string, unknown>;
const tokenizer = createTokenizer(definition, read(`${folder}/tokenizer_config.json`));

type Entry = [kind: string, text: string, ids: number[], decoded: string];
const entries = read("../goldens/tokenizer.json") as Entry[];

/** Non-ASCII characters as escapes, so that two that look alike can be told apart in a report. */
const shown = (text: string) => JSON.stringify(text).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);

describe("as Python tokenizes", () => {
  test("about 300 texts", () => expect(entries.length).toBeGreaterThanOrEqual(300));

  test.each([...new Set(entries.map(([kind]) => kind))])("%s", (kind) => {
    const wrong: string[] = [];
    for (const [, text, python, decoded] of entries.filter((entry) => entry[0] === kind)) {
      const own = tokenizer.encode(text);
      if (own.join() !== python.join()) wrong.push(`encode ${shown(text)}: ${own.join()}, not ${python.join()}`);
      const back = tokenizer.decode(python);
      if (back !== decoded) wrong.push(`decode ${python.join()}: ${shown(back)}, not ${shown(decoded)}`);
    }
    expect(wrong).toEqual([]);
  });
});

test("as Python tokenizes 20,000 lines in 18 scripts, and a million characters at once", () => {
  expectGolden<number>(
    "en-fr",
    (text) => tokenizer.encode(text),
    (ids) => tokenizer.decode(ids),
  );
});

describe("edges", () => {
  test("special tokens do not come out, other tokens can be looked up", () => {
    const [a, end] = tokenizer.encode("a");
    expect(end).toBe(2);
    expect(tokenizer.decode([1, a, end, 0, 0])).toBe("a");
    expect([tokenizer.token(a), tokenizer.token(1e6)]).toEqual(["▁a", ""]);
  });

  test("no ids decode to no text", () => {
    expect(tokenizer.decode([])).toBe("");
  });

  test("lone surrogates are U+FFFD, and no error", () => {
    expect(tokenizer.encode("a \ud83d b")).toEqual(tokenizer.encode("a \ufffd b"));
  });

  test.each([undefined, null, 7, ["a"], {}])("encode(%j) is an error", (value) => {
    expect(() => tokenizer.encode(value as string)).toThrow(
      expect.objectContaining({
        code: "invalid_input",
        message: `The text to encode must be a string, not a ${typeof value}.`,
      }) as Error,
    );
  });

  test.each([
    ["null", null],
    ["a list", []],
    ["no model", {}],
    ["a model of an unknown kind", { ...definition, model: { type: "Unheard" } }],
    ["a normalizer of an unknown kind", { ...definition, normalizer: { type: "Unheard" } }],
    ["a dropout", { ...definition, model: { ...(definition.model as object), dropout: 0.1 } }],
    ["a vocabulary that is none", { ...definition, model: { type: "BPE", vocab: 3, merges: [] } }],
  ])("a tokenizer.json that is %s", (_name, json) => {
    let error: unknown;
    try {
      createTokenizer(json, {});
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(ModelError);
    expect((error as ModelError).code).toBe("invalid_tokenizer");
    expect((error as ModelError).message).toMatch(/^tokenizer\.json: /);
  });

  test("spaces before punctuation stay, as in transformers, which cleans after no BPE model", () => {
    const ids = tokenizer.encode("Where is it ?").slice(0, -1);
    expect(tokenizer.decode(ids)).toBe("Where is it ?");
    expect(createTokenizer(definition, { clean_up_tokenization_spaces: true }).decode(ids)).toBe("Where is it ?");
  });
});
