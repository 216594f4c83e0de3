/**
 * `node scripts/pack-tiny-en.js FOLDER` makes demo/public/models/tiny-en, the model of Speak, of openai/whisper-tiny.en as the Hub has
 * it: weights as q8 in files of at most 24 MB, and the tokenizer as vocab.json and merges.txt, which say the same as tokenizer.json in
 * less room. The model card and the licence in the folder are kept.
 */

import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { withSources } from "./sources.js";

const OUT = "demo/public/models/tiny-en";
/** In bytes: of all files together, and of one of them. */
const [MOST, MOST_OF_FILE] = [45e6, 25e6];
/** What goes into the folder as it is. */
const KEPT = ["README.md", "LICENSE"];

const source = process.argv[2];
if (!source) throw new Error("Name the folder of openai/whisper-tiny.en.");
const json = (file) => JSON.parse(readFileSync(join(source, file), "utf8"));

const work = mkdtempSync(join(tmpdir(), "attendant-tiny-en-"));
try {
  for (const file of ["config.json", "generation_config.json", "preprocessor_config.json", "model.safetensors"])
    cpSync(join(source, file), join(work, file));
  const { vocab, merges } = json("tokenizer.json").model;
  const pairs = merges.map((merge) => (Array.isArray(merge) ? merge.join(" ") : merge));
  writeFileSync(join(work, "vocab.json"), JSON.stringify(vocab));
  writeFileSync(join(work, "merges.txt"), `#version: 0.2\n${pairs.join("\n")}\n`);
  writeFileSync(join(work, "tokenizer_config.json"), JSON.stringify(json("tokenizer_config.json")));
  for (const file of KEPT) cpSync(existsSync(join(OUT, file)) ? join(OUT, file) : join(source, file), join(work, file));
  rmSync(OUT, { recursive: true, force: true });
  const command = ["pack", work, "--dtype", "q8", "--shard-size", "24", "-o", OUT];
  await withSources(({ main }) => main(command), "/src/cli/main.ts");
  if (process.exitCode) throw new Error("attendant pack has failed.");
} finally {
  rmSync(work, { recursive: true });
}
const sizes = readdirSync(OUT).map((file) => [file, statSync(join(OUT, file)).size]);
const total = sizes.reduce((sum, [, size]) => sum + size, 0);
for (const [file, size] of sizes) console.log(String(size).padStart(9), file);
console.log(String(total).padStart(9), `of at most ${MOST}`);
const large = sizes.find(([, size]) => size > MOST_OF_FILE);
if (large) throw new Error(`${large[0]} is larger than ${MOST_OF_FILE} bytes.`);
if (total > MOST) throw new Error(`The folder is ${total - MOST} bytes too large.`);
