/** Folders of well-known repositories, shrunk: text in and text out, as transformers has it (test/goldens/repositories.py). */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Seq2Seq, type GenerationConfig } from "../../src/index";
import { contentOf } from "../support/node/tokenizers";

interface Repository {
  name: string;
  /** The file of the weights, which folders of one shape share. */
  weights: string;
  files: Record<string, unknown>;
  options: GenerationConfig;
  ids: number[][];
  sequences: number[][];
  texts: string[];
}
const FOLDER = "test/goldens/repositories";
const { lines, cases } = JSON.parse(readFileSync(`${FOLDER}/repositories.json`, "utf8")) as {
  lines: string[];
  cases: Repository[];
};

test("there are more than 30 of them", () => expect(cases.length).toBeGreaterThan(30));

test.each(cases)("$name", async ({ weights, files, options, ids, sequences, texts }) => {
  const read = (path: string) => {
    if (path === "model.safetensors") return readFileSync(`${FOLDER}/${weights}`);
    return Object.hasOwn(files, path) ? contentOf(files[path]) : undefined;
  };
  const warnings: string[] = [];
  const onWarning = (message: string) => void warnings.push(message);
  const model = await Seq2Seq.load({ read }, { device: "cpu", onWarning });
  const tokenizer = model.tokenizer ?? expect.fail("no tokenizer");
  expect(warnings.filter((message) => message.startsWith("Not read")).length).toBeLessThanOrEqual(1);
  expect(await Promise.all(lines.map(async (line) => tokenizer.encode(line)))).toEqual(ids);
  const found = (await model.generate(ids, options)).sequences;
  expect(found).toEqual(sequences);
  expect(await Promise.all(found.map(async (row) => tokenizer.decode(row)))).toEqual(texts);
  await model.dispose();
});
