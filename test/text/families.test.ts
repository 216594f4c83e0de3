/** Tokenizers of whole model folders against transformers, on 20,000 lines, of which `npm test` takes a sixteenth; every class has a folder. */

import { describe, expect, test } from "vitest";
import { createPythonTrie } from "../../src/text/families/python-trie";
import { loadTokenizer, tokenizerClass, tokenizerClasses } from "../../src/text/families/registry";
import { createTextStream } from "../../src/text/stream";
import { modelTypes } from "../../src/models/families/registry";
import type { Tokenizer } from "../../src/text/tokenizer";
import { failureOf } from "../support/node/failure";
import { folderIn } from "../support/shared/folder";
import { classOf, expectGolden, folderNames, folderOf } from "../support/node/tokenizers";
import { insteadOf, linesOf, sourceLanguageOf } from "../support/node/tokenizers";
import { EVERYTHING } from "../support/node/volume";

async function open(name: string, modelConfig?: Record<string, unknown>): Promise<Tokenizer> {
  return (await loadTokenizer(folderOf(name, modelConfig))) ?? expect.fail(`${name} has no tokenizer`);
}

describe("as transformers encodes and decodes lines, and a million characters at once", () => {
  const seen = new Set<string>();
  test.each(folderNames)("%s", async (name) => {
    const tokenizer = await open(name);
    const sourceLanguage = sourceLanguageOf(name);
    // One long text for each class; `npm run test:soak` has one for each folder.
    const long = EVERYTHING || !seen.has(classOf(name));
    seen.add(classOf(name));
    expectGolden<number>(
      `hf-${name}`,
      (text) => tokenizer.encode(text, { sourceLanguage }),
      (ids) => tokenizer.decode(ids),
      { instead: insteadOf(name), long },
    );
  });
});

test("every class of tokenizers has a golden", () => {
  const classes = new Set(folderNames.map((name) => tokenizerClass({ tokenizer_class: classOf(name) }, {})));
  expect([...tokenizerClasses].filter((name) => !classes.has(name))).toEqual([]);
});

test("every model_type of the models has a golden tokenizer, or takes tokenizer.json as it is", () => {
  const generic = modelTypes.filter((model_type) => !tokenizerClasses.includes(tokenizerClass({}, { model_type })));
  // The first has no class of its own; transformers gives the second a TokenizersBackend.
  expect(generic).toEqual(["transformer", "umt5"]);
});

test.each([
  // What failed at "q" is followed past it: transformers cuts there, so "abqc" is one part, and no token.
  ["abc b", "abqc", "abqc"],
  ["cac cbcb abbb a", "cadcdd", "cadc dd"],
  ["acb c", "acdbccd", "acdb c c d"],
  ["acbb baaa ab b", "cbaacbcbabb", "c b a acbcb ab b"],
  // The leftmost, then the longest.
  ["<extra_id_1> <extra_id_10> id", "a<extra_id_10>b", "a <extra_id_10> b"],
  ["blowing lower", "blower", "b lower"],
  ["a", "", ""],
])("added tokens %s cut %s as Python does", (tokens, text, parts) => {
  expect(createPythonTrie(tokens.split(" ")).split(text).join(" ")).toBe(parts);
});

describe("text that grows token by token, one folder of each class", () => {
  const one = new Map([...folderNames].reverse().map((name) => [classOf(name), name]));
  test.each([...one.values(), "blenderbot-small-added", "t5-added", "marian-separate"])("%s", async (name) => {
    const tokenizer = await open(name);
    for (const line of linesOf(name).slice(0, 400)) {
      const ids = tokenizer.encode(line.slice(0, 60));
      const stream = createTextStream(tokenizer);
      const pieces = [...ids.map((id) => stream.push(id)), stream.end()];
      for (const piece of pieces) expect(piece).not.toMatch(/^[\udc00-\udfff]|[\ud800-\udbff]$/);
      expect(pieces.join("")).toBe(tokenizer.decode(ids));
    }
  });
});

describe("which tokenizer a folder gets", () => {
  test.each([
    [{ tokenizer_class: "T5TokenizerFast" }, {}, "T5Tokenizer"],
    [{}, { tokenizer_class: "ByT5Tokenizer", model_type: "t5" }, "ByT5Tokenizer"],
    [{ tokenizer_class: "NllbTokenizer" }, { model_type: "m2m_100" }, "NllbTokenizer"],
    [{}, { model_type: "m2m_100" }, "M2M100Tokenizer"],
    [{}, { model_type: "marian" }, "MarianTokenizer"],
    [{}, { model_type: "mt5" }, "T5Tokenizer"],
    [{ tokenizer_class: "PreTrainedTokenizerFast" }, { model_type: "bart" }, "PreTrainedTokenizer"],
    [{}, { model_type: "transformer" }, "TokenizersBackend"],
    [{ tokenizer_class: "T5Tokenizer" }, { model_type: "umt5" }, "TokenizersBackend"],
    [{ tokenizer_class: "MvpTokenizerFast" }, { model_type: "mvp" }, "BartTokenizer"],
    [{ tokenizer_class: "RobertaTokenizer" }, { model_type: "plbart" }, "BartTokenizer"],
    [{ tokenizer_class: "BlenderbotSmallTokenizerFast" }, { model_type: "blenderbot" }, "BlenderbotSmallTokenizer"],
    [{}, { model_type: "blenderbot-small" }, "BlenderbotSmallTokenizer"],
    [{}, { model_type: "toString" }, "TokenizersBackend"],
  ])("%j, config.json %j: %s", (config, modelConfig, expected) => {
    expect(tokenizerClass(config, modelConfig)).toBe(expected);
  });

  /** A folder with these files only; texts are their contents. */
  const folder = (files: Record<string, string>, modelConfig = {}) =>
    folderIn((file) => (Object.hasOwn(files, file) ? new TextEncoder().encode(files[file]) : undefined), modelConfig);

  test.each([...modelTypes, "gpt2"])("%s without files: none, and nothing to say", async (type) => {
    const said: string[] = [];
    expect(await loadTokenizer(folder({}, { model_type: type }), (message) => said.push(message))).toBeUndefined();
    expect(said).toEqual([]);
  });

  test.each([
    [
      "a class that is not known",
      { "spiece.model": "x", "tokenizer_config.json": '{"tokenizer_class": "XLNetTokenizer"}' },
      { model_type: "transformer" },
      'tokenizer_config.json, spiece.model. There is no tokenizer.json, and tokenizer_class "XLNetTokenizer" is not supported.',
    ],
    [
      "a model type without a class",
      { "vocab.txt": "x" },
      { model_type: "transformer" },
      'vocab.txt. There is no tokenizer.json, and a tokenizer for model_type "transformer" is not supported.',
    ],
    [
      "a class whose own files are missing",
      { "tokenizer.model": "x", "special_tokens_map.json": "{}" },
      { model_type: "t5" },
      "special_tokens_map.json, tokenizer.model. There is no tokenizer.json or spiece.model, but a T5 tokenizer needs it.",
    ],
  ])("%s: the files that are not read are named, with the reason", async (_name, files, modelConfig, reason) => {
    const said: string[] = [];
    const given = folder(files, modelConfig);
    expect(await loadTokenizer(given, (message) => said.push(message))).toBeUndefined();
    expect(said).toEqual([`There are files of a tokenizer that are not read: ${reason}`]);
  });

  test("a class that is not known, without tokenizer.json: the class of the model type, where its files are there", async () => {
    const { bytes } = folderOf("t5");
    const config = '{"tokenizer_class": "MT5Tokenizer"}';
    const model = await bytes("spiece.model");
    const given = folderIn(
      (file) => ({ "spiece.model": model, "tokenizer_config.json": new TextEncoder().encode(config) })[file],
      { model_type: "mt5" },
    );
    const text = "Hello, world!";
    expect((await loadTokenizer(given))?.encode(text)).toEqual((await open("t5")).encode(text));
  });

  test("a class that takes the vocabulary of tokenizer.json alone in transformers: the file is read as it is, and that is said", async () => {
    const { bytes } = folderOf("t5-json");
    const json = await bytes("tokenizer.json");
    const said: string[] = [];
    const openAs = (tokenizer_class: string) => {
      const config = new TextEncoder().encode(JSON.stringify({ tokenizer_class }));
      const given = folderIn((file) => ({ "tokenizer.json": json, "tokenizer_config.json": config })[file], {});
      return loadTokenizer(given, (message) => said.push(message));
    };
    const asItIs = await openAs("PreTrainedTokenizerFast");
    expect(said).toEqual([]);
    const tokenizer = await openAs("LlamaTokenizerFast");
    expect(tokenizer?.encode("Hello, world!")).toEqual(asItIs?.encode("Hello, world!"));
    expect(said).toEqual([expect.stringContaining('tokenizer_class "LlamaTokenizer" is not supported')]);
  });

  test.each([
    ["marian", { "vocab.json": "{}" }, "source.spm"],
    ["m2m_100", { "vocab.json": '{"<unk>": 0}' }, "sentencepiece.bpe.model"],
    ["bart", { "vocab.json": '{"a": 0}' }, "merges.txt"],
  ])("%s with a part of its files is told which is missing", async (type, files, missing) => {
    const error = await failureOf(() => loadTokenizer(folder(files, { model_type: type })));
    expect(error.code).toBe("file_not_found");
    expect(error.message).toContain(missing);
  });

  const bpe = { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: ["a b"] };
  test.each([
    ["config that is a list", { "tokenizer_config.json": "[]" }, "tokenizer_config.json"],
    [
      "special tokens that are numbers",
      { "tokenizer_config.json": '{"extra_special_tokens": [1]}' },
      "tokenizer_config",
    ],
    [
      "an added token without content",
      { "tokenizer_config.json": '{"added_tokens_decoder": {"0": {}}}' },
      "no content",
    ],
    [
      "an added token with id x",
      { "tokenizer_config.json": '{"added_tokens_decoder": {"x": {"content": "a"}}}' },
      '"x"',
    ],
    ["no model", { "tokenizer.json": "{}" }, "tokenizer.json"],
    ["merges of unknown tokens", { "tokenizer.json": JSON.stringify({ model: { ...bpe, merges: ["a c"] } }) }, "merge"],
    ["ids that are none", { "tokenizer.json": JSON.stringify({ model: { ...bpe, vocab: { a: -1 } } }) }, '"a"'],
    [
      "a template without text",
      {
        "tokenizer.json": JSON.stringify({ model: bpe, post_processor: { type: "TemplateProcessing", single: [] } }),
      },
      "template",
    ],
    [
      "a Unigram model without scores",
      { "tokenizer.json": '{"model": {"type": "Unigram", "vocab": ["a"]}}' },
      "scores",
    ],
  ])("%s", async (_name, files, message) => {
    const whole = { "tokenizer.json": JSON.stringify({ model: bpe }), ...(files as Record<string, string>) };
    const error = await failureOf(() => loadTokenizer(folder(whole)));
    expect(error.code).toBe("invalid_tokenizer");
    expect(error.message).toContain(message);
  });
});
