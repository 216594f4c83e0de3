/** Which tokenizer a folder gets and what its settings do, as AutoTokenizer of transformers has it (tokenizer_choice.py). */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ModelError } from "../../src/errors";
import { loadTokenizer } from "../../src/text/families/registry";
import { folderIn } from "../support/shared/folder";
import { contentOf } from "../support/node/tokenizers";

interface Case {
  name: string;
  model_type: string;
  files: Record<string, unknown>;
  /** tokenizer_config.json; null where there is none. */
  config: Record<string, unknown> | null;
  ids?: number[][];
  texts?: string[];
  /** transformers refuses the folder. */
  error?: string;
}
const { lines, cases } = JSON.parse(readFileSync("test/goldens/tokenizers/choice.json", "utf8")) as {
  lines: string[];
  cases: Case[];
};

async function open({ model_type, files, config }: Case) {
  const all: Record<string, unknown> = config ? { ...files, "tokenizer_config.json": config } : files;
  const contents = new Map(Object.entries(all).map(([file, content]) => [file, contentOf(content)]));
  return loadTokenizer(folderIn((file) => contents.get(file), { model_type }));
}

test("there are more than 200 folders, with few that transformers refuses", () => {
  expect(cases.length).toBeGreaterThan(200);
  expect(cases.filter(({ error }) => error).length).toBeLessThan(cases.length / 10);
});

/** What is refused here and not there. */
const REFUSED = ["plbart, not legacy"];

test.each(cases.filter(({ name, error }) => !error && !REFUSED.includes(name)))("$name", async (given) => {
  const tokenizer = (await open(given)) ?? expect.fail("no tokenizer");
  const ids = lines.map((line) => tokenizer.encode(line));
  expect(ids).toEqual(given.ids);
  expect(ids.map((row) => tokenizer.decode(row))).toEqual(given.texts);
});

test.each(cases.filter(({ error }) => error))(
  "$name, which transformers refuses: a sentence or a tokenizer",
  async (given) => {
    const error: unknown = await open(given).then(
      () => undefined,
      (e: unknown) => e,
    );
    if (error !== undefined) expect(error).toBeInstanceOf(ModelError);
  },
);

test.each(cases.filter(({ name }) => REFUSED.includes(name)))("$name is refused", async (given) => {
  await expect(open(given)).rejects.toThrow("is not supported");
});
