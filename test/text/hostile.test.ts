/** Tokenizer files of every family, broken: each folder is refused with a ModelError or encodes and decodes; none hangs. */

import { expect, test } from "vitest";
import { ModelError } from "../../src/errors";
import { loadTokenizer } from "../../src/text/families";
import type { Folder } from "../../src/text/folder";
import { corpusLines, folderNames, folderOf } from "../support/tokenizers";
import { chooser, mutateBytes, mutateJson } from "../support/mutate";

const FILES = [
  ...[
    "spiece.model",
    "sentencepiece.bpe.model",
    "source.spm",
    "target.spm",
    "vocab.json",
    "target_vocab.json",
    "merges.txt",
  ],
  ...["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"],
];

/** Of each file. */
const MUTANTS = 6;

/** Like `folder`, but for one file. Files of text are read as the engine's sources read them. */
function withFile(folder: Folder, name: string, content: Uint8Array): Folder {
  const text = async (file: string): Promise<string | undefined> =>
    file === name ? new TextDecoder().decode(content) : folder.text(file);
  return {
    modelConfig: folder.modelConfig,
    bytes: async (file) => (file === name ? content : folder.bytes(file)),
    text,
    json: async (file) => {
      const found = await text(file);
      try {
        return found === undefined ? undefined : (JSON.parse(found) as unknown);
      } catch (cause) {
        throw new ModelError("invalid_config", `${file} is no JSON.`, undefined, { cause });
      }
    },
  };
}

test.each(folderNames)("%s", { timeout: 240_000 }, async (name) => {
  const below = chooser(20170612);
  const folder = folderOf(name);
  const lines = corpusLines().slice(0, 40);
  const wrong: string[] = [];
  let [worked, refused] = [0, 0];
  for (const file of FILES) {
    const whole = await folder.bytes(file);
    if (!whole) continue;
    for (let i = 0; i < MUTANTS; i++) {
      const text = file.endsWith(".json") ? new TextDecoder().decode(whole) : undefined;
      const mutant = text === undefined ? mutateBytes(whole, below) : mutateJson(text, below);
      const started = performance.now();
      try {
        const tokenizer = await loadTokenizer(
          withFile(folder, file, typeof mutant === "string" ? new TextEncoder().encode(mutant) : mutant),
        );
        for (const line of lines) tokenizer?.decode(tokenizer.encode(line));
        worked++;
      } catch (error) {
        if (error instanceof ModelError && error.code !== "internal") refused++;
        else wrong.push(`${file} ${i}: ${error instanceof Error ? error.stack : String(error)}`);
      }
      const ms = performance.now() - started;
      if (ms > 10_000) wrong.push(`${file} ${i}: took ${ms} ms`);
    }
  }
  console.log(`${worked} worked, ${refused} refused`);
  expect(wrong).toEqual([]);
});
