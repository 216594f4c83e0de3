/**
 * `npm run bench:storage`: what each way to store the weights costs in bytes and in exactness, for the default model and
 * the 200 sentences of test/goldens/en_fr.json, and writes the table of docs/storage.md. On the CPU backend, which is the
 * specification: the GPU holds the same bits.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { Seq2Seq, type LoadOptions } from "../src/index";

const MODEL = "./demo/public/models/en-fr";
const PAGE = "docs/storage.md";
const WAYS: Record<string, LoadOptions> = {
  f32: {},
  f16: { dtype: "f16" },
  q8: { dtype: "q8" },
  "q8, int8": { dtype: "q8", arithmetic: "int8" },
  q4: { dtype: "q4" },
};
/** Rows of a matrix are unpacked once a batch. */
const BATCH = 20;

interface Golden {
  max_new_tokens: number;
  cases: { input_ids: number[]; sequence: number[] }[];
}

interface Measured {
  bytes: number;
  sequences: number[][];
  /** Of each position of each sentence, teacher-forced with PyTorch's own sequence, V numbers. */
  logits: Float32Array[];
}

const { max_new_tokens, cases } = JSON.parse(readFileSync("test/goldens/en_fr.json", "utf8")) as Golden;

async function measure(options: LoadOptions): Promise<Measured> {
  const model = await Seq2Seq.load(MODEL, { device: "cpu", ...options });
  const measured: Measured = { bytes: model.memory().weights, sequences: [], logits: [] };
  for (let i = 0; i < cases.length; i += BATCH) {
    const batch = cases.slice(i, i + BATCH);
    const input_ids = batch.map((c) => c.input_ids);
    measured.sequences.push(...(await model.generate(input_ids, { max_new_tokens })).sequences);
    const length = Math.max(...batch.map(({ sequence }) => sequence.length)) - 1;
    // What follows the end of a row is not looked at.
    const decoder_input_ids = batch.map(({ sequence }) =>
      Array.from({ length }, (_, t) => sequence[Math.min(t, sequence.length - 2)]),
    );
    const source = Math.max(...input_ids.map((row) => row.length));
    const attention_mask = input_ids.map((row) => Array.from({ length: source }, (_, s) => (s < row.length ? 1 : 0)));
    const padded = input_ids.map((row) => Array.from({ length: source }, (_, s) => row[s] ?? row[0]));
    const { logits } = await model.forward({ input_ids: padded, attention_mask, decoder_input_ids });
    const [, , vocabulary] = logits.shape;
    batch.forEach(({ sequence }, row) => {
      for (let t = 0; t + 1 < sequence.length; t++) {
        const from = (row * length + t) * vocabulary;
        measured.logits.push(logits.data.slice(from, from + vocabulary));
      }
    });
  }
  await model.dispose();
  return measured;
}

const best = (logits: Float32Array): number => logits.reduce((most, x, i) => (x > logits[most] ? i : most), 0);
const figure = (x: number): string => (x === 0 ? "0" : x.toPrecision(2));
const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

it("the default model, its weights stored in every way", async () => {
  const exact = await measure({});
  expect(exact.sequences).toEqual(cases.map(({ sequence }) => sequence));
  const rows: string[][] = [];
  for (const [name, options] of Object.entries(WAYS)) {
    const { bytes, sequences, logits } = name === "f32" ? exact : await measure(options);
    let [most, sum, count, same] = [0, 0, 0, 0];
    logits.forEach((found, position) => {
      const expected = exact.logits[position];
      found.forEach((x, i) => {
        const off = Math.abs(x - expected[i]);
        most = Math.max(most, off);
        sum += off;
      });
      count += found.length;
      if (best(found) === best(expected)) same++;
    });
    const unchanged = sequences.filter((row, i) => String(row) === String(exact.sequences[i])).length;
    rows.push([
      name,
      (bytes / 1e6).toFixed(2),
      percent(bytes / exact.bytes),
      figure(most),
      figure(sum / count),
      percent(same / logits.length),
      percent(unchanged / cases.length),
    ]);
  }
  const head = ["`dtype`", "MB", "of f32", "largest", "mean", "same best token", "sentences unchanged"];
  const lines = [head, head.map((_, i) => (i === 0 ? "---" : "---:")), ...rows].map((row) => `| ${row.join(" | ")} |`);
  const spread = Math.sqrt(
    exact.logits.reduce((sum, row) => sum + row.reduce((s, x) => s + x * x, 0) / row.length, 0) / exact.logits.length,
  );
  const text = [
    ...lines,
    "",
    `${cases.length} sentences, ${exact.logits.length} positions; the root mean square of the logits is ${spread.toFixed(1)}.`,
  ].join("\n");
  console.log(text);
  const page = readFileSync(PAGE, "utf8");
  const [before, , after] = page.split(/<!-- (?:measured|end) -->/);
  writeFileSync(PAGE, `${before}<!-- measured -->\n\n${text}\n\n<!-- end -->${after}`);
});
