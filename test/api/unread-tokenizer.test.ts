/** A folder with files of a tokenizer that nothing reads: said at load, and by whatever needs the tokenizer. */

import { expect, test } from "vitest";
import { Seq2Seq, Translator, type CustomReader } from "../../src/index";
import { failureOf } from "../support/node/failure";
import { tinyCheckpoint, type TinyFiles } from "../support/shared/tiny";

async function load(change: (files: TinyFiles) => void) {
  const warnings: string[] = [];
  const onWarning = (message: string) => warnings.push(message);
  const model = await Seq2Seq.load(tinyCheckpoint({}, change), { device: "cpu", onWarning });
  return { model, warnings };
}

test("says so at load, and in the errors of what needs the tokenizer", async () => {
  const { model, warnings } = await load((files) => {
    files["spiece.model"] = new Uint8Array([1]);
    files["special_tokens_map.json"] = "{}";
  });
  const problem =
    "There are files of a tokenizer that are not read: special_tokens_map.json, spiece.model. " +
    'There is no tokenizer.json, and a tokenizer for model_type "transformer" is not supported.';
  expect(model.tokenizer).toBeUndefined();
  expect(warnings).toEqual([expect.stringContaining(problem)]);
  expect(model.tokenizerProblem).toBe(warnings[0]);

  const stop = await failureOf(() => model.generate([4, 5], { stop_strings: "." }));
  expect(stop.message).toContain(`this model has none. ${model.tokenizerProblem}`);
  const languages = { sourceLanguage: "en", targetLanguage: "fr" };
  const translator = await failureOf(() => Translator.create({ model, ...languages }));
  expect([translator.code, translator.message.includes(problem)]).toEqual(["file_not_found", true]);
  await model.dispose();
});

test("says nothing where there are no such files", async () => {
  const { model, warnings } = await load(() => undefined);
  expect([model.tokenizer, model.tokenizerProblem, warnings]).toEqual([undefined, undefined, []]);
  const stop = await failureOf(() => model.generate([4, 5], { stop_strings: "." }));
  expect(stop.message).toBe("generate: stop_strings needs a tokenizer, and this model has none.");
  await model.dispose();
});

test.each<[string, (files: TinyFiles) => void, string]>([
  ["a tokenizer.json that is no tokenizer", (files) => (files["tokenizer.json"] = "{}"), "tokenizer.json"],
  ["a tokenizer.json that is no JSON", (files) => (files["tokenizer.json"] = "{"), "tokenizer.json"],
  [
    "a tokenizer_config.json that is a list",
    (files) => (files["tokenizer_config.json"] = "[]"),
    "tokenizer_config.json",
  ],
  [
    "a folder without one of the files of its class",
    (files) => {
      files["tokenizer_config.json"] = JSON.stringify({ tokenizer_class: "MarianTokenizer" });
      files["vocab.json"] = "{}";
    },
    "source.spm",
  ],
])("%s does not end the load: it is said once, and by every call with text", async (_name, change, file) => {
  const { model, warnings } = await load(change);
  expect(model.tokenizer).toBeUndefined();
  expect(warnings).toEqual([model.tokenizerProblem]);
  expect(warnings[0]).toContain("The tokenizer cannot be read, so the model takes and gives token ids only. ");
  expect(warnings[0]).toContain(file);
  expect((await model.generate([4, 5], { max_new_tokens: 2 })).sequences).toHaveLength(1);
  const languages = { sourceLanguage: "en", targetLanguage: "fr" };
  for (const call of [
    () => model.generateText("a"),
    () => model.streamText("a").next(),
    () => model.generate([4, 5], { stop_strings: "." }),
    () => Translator.create({ model, ...languages }),
  ]) {
    expect((await failureOf(call)).message).toContain(warnings[0]);
  }
  expect(await Translator.availability({ model, ...languages })).toBe("unavailable");
  expect(warnings).toHaveLength(1);
  await model.dispose();
});

test("a connection that breaks while the tokenizer is read ends the load", async () => {
  const reason = new TypeError("connection reset");
  const files = tinyCheckpoint() as CustomReader;
  const read = (path: string) => (path === "tokenizer.json" ? Promise.reject(reason) : files.read(path));
  const error = await Seq2Seq.load({ read }, { device: "cpu" }).catch((failure: unknown) => failure);
  expect(error).not.toBeInstanceOf(Seq2Seq);
  const controller = new AbortController();
  const aborting = (path: string) => {
    if (path === "tokenizer.json") controller.abort(reason);
    return files.read(path);
  };
  const aborted = Seq2Seq.load({ read: aborting }, { device: "cpu", signal: controller.signal });
  await expect(aborted).rejects.toBe(reason);
});
