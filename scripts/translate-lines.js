/**
 * Translates lines with the demo's model in WebAssembly, greedily and in batches:
 *
 *     node --experimental-wasm-relaxed-simd scripts/translate-lines.js q8 int8 < english.txt > french.txt
 *
 * The two words are `dtype` and `arithmetic` of `load`, f32 without them. The flag gives Node 20 the relaxed module.
 */

import { readFileSync } from "node:fs";
import { model as source, withSources } from "./sources.js";

const BATCH = 16;

const [dtype = "f32", arithmetic = "f32"] = process.argv.slice(2);
const lines = readFileSync(0, "utf8").trimEnd().split("\n");
// Lines of one length go together.
const order = lines.map((_, i) => i).sort((a, b) => lines[a].length - lines[b].length);

const translations = await withSources(async ({ Seq2Seq }) => {
  const model = await Seq2Seq.load(source, { device: "wasm", dtype, arithmetic, worker: false });
  const out = [];
  for (let i = 0; i < order.length; i += BATCH) {
    const batch = order.slice(i, i + BATCH);
    const { texts } = await model.generateText(
      batch.map((line) => lines[line]),
      { max_new_tokens: 200, num_beams: 1, do_sample: false },
    );
    batch.forEach((line, n) => (out[line] = texts[n]));
  }
  await model.dispose();
  return out;
});
console.log(translations.map((text) => text.replaceAll("\n", " ")).join("\n"));
