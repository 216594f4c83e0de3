/** Tokenizer files of every family, broken: each folder is refused with a ModelError or encodes and decodes; none hangs. */

import { expect, test } from "vitest";
import { ModelError } from "../../src/errors";
import { loadTokenizer } from "../../src/text/families/registry";
import type { Folder } from "../../src/text/folder";
import { folderIn } from "../support/shared/folder";
import { attempt, noOutcome } from "../support/shared/hostile";
import { chooser, mutateBytes, mutateJson } from "../support/shared/mutate";
import { corpusLines, filesOf, folderNames, folderOf } from "../support/node/tokenizers";

/** Of each file. */
const MUTANTS = 6;

/** What is no JSON is told as the engine's sources tell it. */
function folderWith(name: string, contentOf: (file: string) => Uint8Array | undefined): Folder {
  const folder = folderIn(contentOf, { ...folderOf(name).modelConfig });
  const json = (file: string): Promise<unknown> =>
    folder.json(file).catch((cause: unknown) => {
      throw new ModelError("invalid_config", `${file} is no JSON.`, undefined, { cause });
    });
  return { ...folder, json };
}

test.each(folderNames)("%s", async (name) => {
  const below = chooser(20170612);
  const lines = corpusLines().slice(0, 40);
  const files = new Map(
    Object.entries(filesOf(name)).map(([file, content]) => [file, new Uint8Array(Buffer.from(content, "base64"))]),
  );
  const outcome = noOutcome();
  for (const [broken, whole] of files) {
    for (let i = 0; i < MUTANTS; i++) {
      const isJson = broken.endsWith(".json");
      const mutant = isJson ? mutateJson(new TextDecoder().decode(whole), below) : mutateBytes(whole, below);
      const content = typeof mutant === "string" ? new TextEncoder().encode(mutant) : mutant;
      await attempt(outcome, `${broken} ${i}`, async () => {
        const folder = folderWith(name, (file) => (file === broken ? content : files.get(file)));
        const tokenizer = await loadTokenizer(folder);
        for (const line of lines) tokenizer?.decode(tokenizer.encode(line));
      });
    }
  }
  console.log(`${outcome.loaded} worked, ${outcome.refused} refused`);
  expect(outcome.wrong).toEqual([]);
  expect(outcome.slowest.ms).toBeLessThanOrEqual(10_000);
});
