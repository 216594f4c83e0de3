/** From samples to timed words, in all forms, by a model that hears tones. */

import { expect, test } from "vitest";
import { transcribe } from "../../src/speech/transcribe";
import type { TranscribeOptions } from "../../src/speech/options";
import { speechTokenizer } from "../support/node/speech-parts";
import { probabilityOfToken, spoken, sung, toneSpeech, WORDS, type Said } from "../support/node/tone-model";

const text = (said: readonly Said[]): string => said.map(({ word }) => ` ${WORDS[word]}`).join("");

const run = async (said: readonly Said[], seconds: number, options: TranscribeOptions = {}, perSegment?: number) => {
  const { speech, stats } = await toneSpeech(perSegment);
  const result = await transcribe(speech, sung(said, seconds), options);
  return { ...result, windows: stats };
};

test("a short sound is one window", async () => {
  const said = spoken(5);
  const { text: found, duration, segments, language, language_probability, windows, chunks } = await run(said, 6);
  expect(found).toBe(text(said));
  expect(duration).toBe(6);
  expect(windows.calls).toEqual([1]);
  expect(language).toBe("en");
  expect(language_probability).toBeCloseTo(0.8);
  expect(segments).toHaveLength(1);
  expect(segments[0].text).toBe(found);
  expect(chunks).toBeUndefined();
});

test("a long sound is gone through by its timestamps, and nothing is lost where a window ends", async () => {
  const said = spoken(100);
  const { text: found, segments, chunks } = await run(said, 101);
  expect(found).toBe(text(said));
  expect(segments.map((segment) => segment.text).join("")).toBe(found);
  expect(chunks!.map((chunk) => chunk.text).join("")).toBe(found);
  segments.forEach(({ start, end }, i) => {
    const first = said[4 * i];
    expect(Math.abs(start - first.start)).toBeLessThan(0.05);
    expect(end).toBeGreaterThan(start);
  });
});

test("words have the times at which they are said", async () => {
  const said = spoken(40);
  const { segments, chunks } = await run(said, 40, { return_timestamps: "word" });
  const words = segments.flatMap((segment) => segment.words ?? []);
  expect(words.map((word) => word.text)).toEqual(said.map(({ word }) => ` ${WORDS[word]}`));
  words.forEach(({ start, end }, i) => {
    expect(end).toBeGreaterThanOrEqual(start);
    // A word ends where the next one begins to be heard.
    expect(Math.abs(start - said[i].start)).toBeLessThan(0.3);
    expect(end).toBeGreaterThan(said[i].end - 0.3);
    if (i > 0) expect(start).toBeGreaterThanOrEqual(words[i - 1].start);
  });
  expect(chunks!.map((chunk) => chunk.text)).toEqual(words.map((word) => word.text));
});

test("each word has its probability, which chunks of transformers' form do not have", async () => {
  const said = spoken(40);
  const { tokenizer } = await speechTokenizer();
  for (const options of [{}, { chunk_length_s: 15 }]) {
    const { segments, chunks } = await run(said, 40, { return_timestamps: "word", ...options });
    const words = segments.flatMap((segment) => segment.words!);
    expect(words.length).toBeGreaterThanOrEqual(said.length);
    for (const { text, probability } of words) {
      const probs = tokenizer.encode(text, { add_special_tokens: false }).map(probabilityOfToken);
      expect(probability, text).toBeCloseTo(probs.reduce((a, b) => a + b) / probs.length, 12);
    }
    expect(chunks!.map(({ text }) => text)).toEqual(words.map(({ text }) => text));
    for (const chunk of chunks!) expect(Object.keys(chunk).sort()).toEqual(["text", "timestamp"]);
  }
});

test("the alignment of a segment has the times of its words as its path", async () => {
  const said = spoken(40);
  const plain = await run(said, 40, { return_timestamps: "word" });
  const { segments } = await run(said, 40, { return_timestamps: "word", return_alignment: true });
  expect(segments.map(({ alignment: _, ...segment }) => segment)).toEqual(plain.segments);
  expect(segments.length).toBeGreaterThan(8);
  let isFirst = true;
  for (const { alignment, words, start } of segments) {
    const { tokens, weights, shape, path, start: from, step } = alignment!;
    const [rows, frames] = shape;
    expect([tokens.length, path.length, weights.length]).toEqual([rows, rows, rows * frames]);
    // Nothing but the prompt wrote the first timestamp of a window; the others have a row.
    expect(tokens[0].startsWith("<|")).toBe(!isFirst && start !== from);
    isFirst = false;
    const text = tokens.filter((token) => !token.startsWith("<|"));
    expect(text.join("")).toBe(words!.map((word) => word.text).join(""));
    expect(path).toEqual([...path].sort((a, b) => a - b));
    // A word begins where the path enters the row of its first token.
    let row = tokens.indexOf(text[0]);
    for (const word of words!) {
      expect(from + step * path[row]).toBeCloseTo(word.start, 2);
      let isOnPath = false;
      for (let rest = word.text; rest !== ""; row++) {
        rest = rest.slice(tokens[row].length);
        const line = weights.subarray(row * frames, (row + 1) * frames);
        const run = line.subarray(path[row], (path[row + 1] ?? frames) + 1);
        isOnPath ||= Math.max(...run) > 0.9 * Math.max(...line);
      }
      // The path goes through the place where the word is heard.
      expect(isOnPath, word.text).toBe(true);
    }
    for (const value of weights) expect(Number.isFinite(value)).toBe(true);
  }
});

test.each([
  [30, undefined],
  [20, 4],
  [10, [3, 1] as [number, number]],
])("chunks of %i s that overlap by %o are decoded as one batch and joined", async (chunk_length_s, stride_length_s) => {
  const said = spoken(70);
  for (const return_timestamps of [undefined, true, "word"] as const) {
    const options = { chunk_length_s, stride_length_s, return_timestamps, batch_size: 3 };
    const { text: found, windows } = await run(said, 70, options);
    expect(windows.calls[0]).toBe(3);
    if (return_timestamps === undefined) expect(found).toBe(text(said));
    // With timestamps, transformers' way of joining says some of what is in two chunks twice.
    else expect(found.length).toBeGreaterThanOrEqual(text(said).length);
    expect(found.slice(0, 100)).toBe(text(said).slice(0, 100));
  }
});

test("chunks longer than the model's window lose their ends, as in transformers, which is said", async () => {
  const { speech } = await toneSpeech();
  const warnings: string[] = [];
  const said = spoken(40);
  const heard = async (chunk_length_s: number): Promise<string> =>
    (
      await transcribe({ ...speech, warn: (message) => void warnings.push(message) }, sung(said, 40), {
        chunk_length_s,
      })
    ).text;
  expect(await heard(30)).toBe(text(said));
  expect(warnings).toEqual([]);
  expect(text(said).startsWith(await heard(60))).toBe(true);
  expect(warnings).toEqual([
    "transcribe: chunk_length_s is longer than this model's window of 30 s, and the rest of a chunk is not heard.",
  ]);
});

test("segments and progress are told as they come", async () => {
  const said = spoken(70);
  const segments: string[] = [];
  const progress: number[] = [];
  const { segments: all } = await run(said, 70, {
    onSegment: (segment) => segments.push(segment.text),
    onProgress: ({ seconds, total }) => {
      expect(total).toBe(70);
      progress.push(seconds);
    },
  });
  expect(segments).toEqual(all.map((segment) => segment.text));
  expect(progress[0]).toBe(0);
  expect(progress.at(-1)).toBe(70);
  expect(progress).toEqual([...new Set(progress)].sort((a, b) => a - b));
});

test("text before is the prompt of the next window, where it is asked for", async () => {
  const said = spoken(45);
  const plain = await run(said, 45);
  const conditioned = await run(said, 45, { condition_on_prev_tokens: true });
  expect(conditioned.text).toBe(plain.text);
  expect(plain.windows.prompts.every((prompt) => prompt.length === plain.windows.prompts[0].length)).toBe(true);
  expect(conditioned.windows.prompts[1].length).toBeGreaterThan(50);
  const { prompts } = (await run(said, 45, { prompt: "ten eleven" })).windows;
  expect(new Set(prompts.map(String)).size).toBe(1);
  expect(prompts[0].length).toBeGreaterThan(plain.windows.prompts[0].length);
});

test("an aborted transcription rejects with the reason", async () => {
  const { speech, stats } = await toneSpeech();
  const controller = new AbortController();
  const options = { onSegment: () => controller.abort("enough") };
  const call = transcribe(speech, sung(spoken(200), 200), options, controller.signal);
  await expect(call).rejects.toBe("enough");
  expect(stats.calls.length).toBeLessThan(3);
});

test.each<[string, TranscribeOptions, RegExp]>([
  ["characters' times", { return_timestamps: "char" as never }, /return_timestamps must be true, false or "word"/],
  ["a long sound without timestamps", { return_timestamps: false }, /longer than one window needs timestamps/],
  ["do_sample", { do_sample: true } as never, /do_sample is not supported: a temperature above 0 samples/],
  ["no_speech_threshold alone", { no_speech_threshold: 0.6 }, /only for windows below logprob_threshold/],
  ["all-segments alone", { prompt_condition_type: "all-segments" }, /needs condition_on_prev_tokens/],
  ["two prompts", { prompt: "a", prompt_ids: [1] }, /give one/],
  ["two ways of cutting", { chunk_length_s: 30, vad: true }, /choose one/],
  ["a negative temperature", { temperature: [0, -1] }, /temperature must be/],
  ["strides longer than the chunk", { chunk_length_s: 10, stride_length_s: 5 }, /longer than both strides/],
  ["an alignment without words", { return_alignment: true }, /return_alignment needs return_timestamps: "word"/],
  [
    "an alignment of chunks",
    { return_alignment: true, return_timestamps: "word", chunk_length_s: 9 },
    /return_alignment does not go with chunk_length_s/,
  ],
  ["an unknown language", { language: "klingon" }, /klingon/],
  ["a prompt with a special token", { prompt: "a <|fr|> b" }, /special token <\|fr\|>/],
])("%s: refused in words", async (_, options, message) => {
  await expect(run(spoken(2), 40, options)).rejects.toMatchObject({
    name: "ModelError",
    message: expect.stringMatching(message) as string,
  });
});

test("an empty sound is refused", async () => {
  const { speech } = await toneSpeech();
  await expect(transcribe(speech, new Float32Array(), {})).rejects.toMatchObject({ code: "invalid_input" });
});
