/** What Whisper writes with the files of old and fine-tuned models: test/goldens/whisper_files.py has it from transformers. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Seq2Seq, Transcriber, type TranscribeOptions } from "../../src/index";
import { signal } from "../support/shared/signal";
import { tinyWhisper } from "../support/shared/tiny-whisper";

type Json = Record<string, unknown>;

interface Case {
  name: string;
  /** Fields of generation_config.json. */
  changes: Json;
  removed: string[];
  /** Fields of config.json. */
  config: Json;
  /** No generation_config.json. */
  absent: boolean;
  /** By call; null is an error. */
  results: Record<string, number[] | null>;
}

const golden = JSON.parse(readFileSync("test/goldens/whisper_files.json", "utf8")) as {
  samples: number;
  seed: number;
  max_new_tokens: number;
  calls: Record<string, TranscribeOptions>;
  cases: Case[];
};
const sound = signal(golden.samples, golden.seed);
const read = async (file: string) => new Uint8Array(readFileSync(`test/goldens/speech/whisper/${file}`));

async function load({ changes, removed, config, absent }: Omit<Case, "name" | "results">) {
  const gone = Object.fromEntries(removed.map((name) => [name, undefined]));
  const files = await tinyWhisper(read, { ...changes, ...gone });
  const all = { ...(JSON.parse(await files[0].text()) as Json), ...config };
  const source = [new File([JSON.stringify(all)], "config.json"), ...files.slice(1)].filter(
    ({ name }) => !absent || name !== "generation_config.json",
  );
  const warnings: string[] = [];
  const model = await Seq2Seq.load(source, { device: "cpu", onWarning: (message) => warnings.push(message) });
  return { model, transcriber: await Transcriber.create({ model }), warnings };
}

test.each(golden.cases)("$name", async ({ results, ...files }) => {
  const { model, transcriber } = await load(files);
  for (const [name, options] of Object.entries(golden.calls)) {
    const given = { num_beams: 1, max_new_tokens: golden.max_new_tokens, ...options };
    const found = transcriber.transcribe(sound, given);
    const expected = results[name];
    if (expected === null) await expect(found, name).rejects.toMatchObject({ code: "invalid_option" });
    else expect((await found).segments.flatMap(({ tokens }) => tokens).filter((id) => id !== 60)).toEqual(expected);
  }
  await model.dispose();
});

test("fields of a file that was made of config.json are named in a warning", async () => {
  const { model, warnings } = await load({
    ...{ changes: { _from_model_config: true }, removed: [], config: {}, absent: false },
  });
  expect(warnings).toEqual([expect.stringMatching(/generation_config\.json: .*lang_to_id.*task_to_id/)]);
  await model.dispose();
});

test("without a length in call and files, a long prompt leaves as many tokens as there are positions", async () => {
  const { model, transcriber } = await load({ ...{ changes: {}, removed: ["max_length"], config: {}, absent: false } });
  const prompt_ids = [70, ...new Array<number>(40).fill(3)];
  const { stats } = await transcriber.transcribe(sound, {
    num_beams: 1,
    language: "en",
    task: "transcribe",
    prompt_ids,
  });
  // 64 positions; four tokens are the start, the language, the task and that there are no timestamps.
  expect(stats.tokens).toBeLessThanOrEqual(stats.windows * (64 - 41 - 4));
  expect(stats.tokens).toBeGreaterThan(0);
  const all = { num_beams: 1, language: "en", prompt_ids: [...prompt_ids, ...prompt_ids] };
  await expect(transcriber.transcribe(sound, all)).rejects.toThrow(/the prompt has 86 tokens; .* 64 positions/);
  await model.dispose();
});

test("alignment heads beyond the model's decoder are named, as a distilled model has them of its teacher", async () => {
  for (const heads of [[[2, 0]], [[0, 2]]]) {
    const changes = { alignment_heads: heads };
    const { model, transcriber } = await load({ changes, removed: [], config: {}, absent: false });
    await expect(transcriber.transcribe(sound, { return_timestamps: "word" })).rejects.toMatchObject({
      code: "unsupported_option",
      message: `transcribe: the times of words need alignment_heads in generation_config.json, of 2 layers and 2 heads, not ${JSON.stringify(heads)}.`,
    });
    await model.dispose();
  }
});

test("no time is before the sound, however short it is", async () => {
  const { model, transcriber } = await load({ changes: {}, removed: [], config: {}, absent: false });
  for (const samples of [1, 100, 160]) {
    for (const return_timestamps of [false, true, "word"] as const) {
      const options = { return_timestamps, num_beams: 1, max_new_tokens: 10, language: "en" };
      const { segments, chunks = [] } = await transcriber.transcribe(signal(samples, 7), options);
      const times = segments.flatMap(({ start, end, words = [] }) => [
        ...[start, end],
        ...words.flatMap((word) => [word.start, word.end]),
      ]);
      times.push(...chunks.flatMap(({ timestamp }) => (timestamp ?? []).map((time) => time ?? 0)));
      expect(Math.min(...times), `${samples} samples, ${return_timestamps}`).toBeGreaterThanOrEqual(0);
    }
  }
  await model.dispose();
});
