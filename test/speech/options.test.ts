/** The table of docs/transcribe.md names every option of transformers' functions for Whisper, and calls do what it says. */

import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ModelError, Seq2Seq, Transcriber, type TranscribeOptions } from "../../src/index";
import { signal } from "../support/shared/signal";
import { tinyWhisper } from "../support/shared/tiny-whisper";

const { generate, pipeline } = JSON.parse(readFileSync("test/goldens/whisper_options.json", "utf8")) as Record<
  "generate" | "pipeline",
  string[]
>;

/** By option, what happens to it. */
const table = new Map<string, string>();
for (const line of readFileSync("docs/transcribe.md", "utf8").split("\n")) {
  const [, names, here] = /^\| (`.*?) +\| ((?:done|refused).*?) +\|$/.exec(line) ?? [];
  for (const [, name] of names?.matchAll(/`(\w+)`/g) ?? []) table.set(name, here);
}

/** A value that each of those that are done takes. */
const VALUES: Record<string, unknown> = {
  ...{ language: "fr", task: "translate", prompt_ids: [70, 11], return_timestamps: true, return_language: true },
  ...{ condition_on_prev_tokens: true, prompt_condition_type: "first-segment", temperature: [0, 0.4] },
  ...{ compression_ratio_threshold: 2, logprob_threshold: -3, no_speech_threshold: 0.6 },
  ...{ chunk_length_s: 1, stride_length_s: 0.1, batch_size: 2, return_dict_in_generate: true },
};
const BESIDE: Record<string, TranscribeOptions> = {
  no_speech_threshold: { logprob_threshold: -3 },
  stride_length_s: { chunk_length_s: 1 },
};

let model: Seq2Seq;
let transcriber: Transcriber;
beforeAll(async () => {
  const read = async (file: string) => new Uint8Array(await readFile(`test/goldens/speech/whisper/${file}`));
  model = await Seq2Seq.load(await tinyWhisper(read), { device: "wasm", onWarning: () => undefined });
  transcriber = await Transcriber.create({ model });
});
afterAll(() => model.dispose());

const run = (options: object) =>
  transcriber.transcribe(signal(1.5 * 16000, 7), { num_beams: 1, max_new_tokens: 6, ...options });

test("every option of transformers is in the table", () => {
  expect([...generate, ...pipeline].filter((name) => !table.has(name))).toEqual([]);
});

test.each([...table])("%s: %s", async (name, here) => {
  if (here.startsWith("done")) {
    expect(Object.keys(VALUES), "a value to try it with").toContain(name);
    expect((await run({ [name]: VALUES[name], ...BESIDE[name] })).duration).toBe(1.5);
    await expect(run({ [name]: { not: "a value" } })).rejects.toBeInstanceOf(ModelError);
  } else {
    expect(here).toMatch(/^refused, because /);
    await expect(run({ [name]: true })).rejects.toBeInstanceOf(ModelError);
  }
});
