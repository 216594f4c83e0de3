/** A folder with files of a tokenizer that nothing reads: said at load, and by whatever needs the tokenizer. */

import { expect, test } from "vitest";
import { Seq2Seq, Translator } from "../../src/index";
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
