/** Whatever a caller passes, in whatever place: an answer or a `ModelError`, never a raw error of JavaScript. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkSupport, ModelError, models, Seq2Seq, Translator } from "../../src/index";
import { CALL_ONLY, NEUTRAL, SUPPORTED } from "../../src/generation/options/option-names";
import { tinyCheckpoint } from "../support/shared/tiny";

/** Of every type, and of every kind that is nearly right. A function makes each, since some can be used once only. */
const VALUES: Record<string, () => unknown> = {
  undefined: () => undefined,
  null: () => null,
  true: () => true,
  false: () => false,
  0: () => 0,
  "-0": () => -0,
  "-1": () => -1,
  1.5: () => 1.5,
  3: () => 3,
  "1e400": () => Infinity,
  NaN: () => NaN,
  "2^53": () => 2 ** 53,
  "3n": () => 3n,
  "empty text": () => "",
  text: () => "w3 w4",
  "text of a number": () => "3",
  "lone surrogate": () => "\ud800",
  symbol: () => Symbol("x"),
  function: () => () => undefined,
  "throwing function": () => () => {
    throw new ModelError("internal", "thrown by the caller");
  },
  date: () => new Date(0),
  regexp: () => /x/,
  map: () => new Map([[1, 2]]),
  set: () => new Set([3, 4]),
  object: () => ({}),
  "object without prototype": () => Object.create(null) as unknown,
  "object with a length": () => ({ length: 2, 0: 3, 1: 4 }),
  "array of nothing": () => [],
  "array of ids": () => [3, 4],
  "array of texts": () => ["w3", "w4"],
  "array with a hole": () => new Array<number>(2),
  "array of null": () => [null],
  "array of undefined": () => [3, undefined],
  "array of NaN": () => [NaN],
  "array of bigints": () => [3n, 4n],
  "array of symbols": () => [Symbol("x")],
  "array of booleans": () => [true, false],
  "array of objects": () => [{}],
  rows: () => [[3, 4], [5]],
  "row of nothing": () => [[]],
  "rows and ids": () => [[3], 4],
  "rows of rows": () => [[[3]]],
  "rows with null": () => [null, [3]],
  bytes: () => Uint8Array.of(3, 4),
  floats: () => Float32Array.of(3, 4.5),
  bigints: () => BigInt64Array.of(3n, 4n),
  "rows of bigints": () => [BigInt64Array.of(3n)],
  buffer: () => new ArrayBuffer(4),
  view: () => new DataView(new ArrayBuffer(4)),
  pair: () => [[[3], 1.5]],
  promise: () => Promise.resolve([3, 4]),
  "aborted signal": () => AbortSignal.abort(new ModelError("internal", "aborted by the caller")),
  "what looks like a signal": () => ({ aborted: false, throwIfAborted: 3 }),
  url: () => new URL("file:///nowhere/"),
  error: () => new Error("x"),
};
const names = Object.keys(VALUES);

/** Runs a call with each value; the names of values that made it throw something else than a `ModelError`. */
async function raw(call: (value: never) => unknown): Promise<string[]> {
  const found: string[] = [];
  for (const name of names) {
    try {
      const result = await call(VALUES[name]() as never);
      if (typeof result === "object" && result !== null && Symbol.asyncIterator in result)
        for await (const _ of result as AsyncIterable<unknown>);
    } catch (error) {
      if (!(error instanceof ModelError)) found.push(`${name}: ${String(error)}`);
      else if (error.code === "internal" && !error.message.endsWith("by the caller"))
        found.push(`${name}: ${error.message}`);
    }
  }
  return found;
}

const vocab = Object.fromEntries(Array.from({ length: 19 }, (_, i) => [i === 2 ? "</s>" : `w${i}`, i]));
const source = () =>
  tinyCheckpoint({}, (files) => {
    files["tokenizer.json"] = JSON.stringify({
      model: { type: "WordLevel", vocab, unk_token: "w0" },
      pre_tokenizer: { type: "Whitespace" },
      added_tokens: [{ id: 2, content: "</s>", special: true }],
    });
  });

const two = { max_new_tokens: 2 };
const pair = { sourceLanguage: "en", targetLanguage: "fr" };

let model: Seq2Seq;
let translator: Translator;
beforeAll(async () => {
  model = await Seq2Seq.load(source(), { device: "cpu", onWarning: () => undefined });
  translator = await Translator.create({ model, ...pair });
}, 60_000);
afterAll(() => model.dispose());

test("there are more than 50 values", () => expect(names.length).toBeGreaterThan(50));

describe("Seq2Seq", () => {
  test("load: the source, the options and each of them", async () => {
    const device = "cpu";
    expect(await raw((value) => Seq2Seq.load(value, { device, retries: 0 }))).toEqual([]);
    expect(await raw((value) => Seq2Seq.load({ read: value }, { device }))).toEqual([]);
    expect(await raw((value) => Seq2Seq.load({ read: () => value }, { device }))).toEqual([]);
    expect(await raw((value) => Seq2Seq.load([value], { device }))).toEqual([]);
    const endpoint = "http://127.0.0.1:9";
    const once = { device, retries: 0 } as const;
    expect(await raw((repo) => Seq2Seq.load({ repo, endpoint }, once))).toEqual([]);
    expect(await raw((revision) => Seq2Seq.load({ repo: "a/b", revision, endpoint }, once))).toEqual([]);
    expect(await raw((value) => (value ? Seq2Seq.load({ repo: "a/b", endpoint: value }, once) : undefined))).toEqual(
      [],
    );
    expect(await raw((value) => Seq2Seq.load(source(), value))).toEqual([]);
    const store = ["cache", "retries", "stallTimeout", "integrity"];
    for (const name of ["dtype", "arithmetic", "signal", "onProgress", "onWarning", "worker", ...store, "unknown"])
      expect([name, await raw((value) => Seq2Seq.load(source(), { device, [name]: value }))]).toEqual([name, []]);
    expect(await raw((value) => Seq2Seq.load(source(), { device: value, onWarning: () => undefined }))).toEqual([]);
  });

  test("generate and stream: the ids and the options", async () => {
    expect(await raw((value) => model.generate(value, two))).toEqual([]);
    expect(await raw((value) => model.generate([value], two))).toEqual([]);
    expect(await raw((value) => model.generate([[value]], two))).toEqual([]);
    expect(await raw((value) => model.generate([3, 4], value))).toEqual([]);
    expect(await raw((value) => model.stream(value, two))).toEqual([]);
    expect(await raw((value) => model.stream([3, 4], value))).toEqual([]);
  });

  test.each([...SUPPORTED, ...CALL_ONLY, ...Object.keys(NEUTRAL), "unknown"])("generate: %s", async (name) => {
    const given = { ...two, num_beams: 2 };
    expect(await raw((value) => model.generate([[3, 4], [5]], { ...two, [name]: value }))).toEqual([]);
    expect(await raw((value) => model.generate([3, 4], { ...given, [name]: value }))).toEqual([]);
    expect(await raw((value) => model.generate([3, 4], { ...two, [name]: [value] }))).toEqual([]);
  });

  test("forward: each of its arguments", async () => {
    const given = { input_ids: [3, 4], decoder_input_ids: [1] };
    expect(await raw((value) => model.forward(value))).toEqual([]);
    expect(await raw((value) => model.forward(given, value))).toEqual([]);
    for (const name of ["input_ids", "attention_mask", "decoder_input_ids", "unknown"]) {
      expect([name, await raw((value) => model.forward({ ...given, [name]: value }))]).toEqual([name, []]);
      expect([name, await raw((value) => model.forward({ ...given, [name]: [value] }))]).toEqual([name, []]);
    }
    for (const name of ["output_attentions", "output_hidden_states", "unknown"])
      expect([name, await raw((value) => model.forward(given, { [name]: value }))]).toEqual([name, []]);
  });

  test("generateText and streamText: the texts and the options", async () => {
    for (const method of ["generateText", "streamText"] as const) {
      expect(await raw((value) => model[method](value, two))).toEqual([]);
      expect(await raw((value) => model[method]("w3 w4", value))).toEqual([]);
      for (const name of [
        "truncation",
        "add_special_tokens",
        "sourceLanguage",
        "targetLanguage",
        "stop_strings",
        "unknown",
      ])
        expect([name, await raw((value) => model[method]("w3 w4", { ...two, [name]: value }))]).toEqual([name, []]);
    }
    expect(await raw((value) => model.generateText([value], two))).toEqual([]);
    expect(await raw((value) => model.generateText(["w3", value], two))).toEqual([]);
  });

  test("its tokenizer", async () => {
    const { tokenizer } = model;
    expect(tokenizer).toBeDefined();
    expect(await raw((value) => tokenizer?.encode(value))).toEqual([]);
    expect(await raw((value) => tokenizer?.encode("w3", value))).toEqual([]);
    for (const name of ["sourceLanguage", "targetLanguage", "add_special_tokens", "unknown"])
      expect([name, await raw((value) => tokenizer?.encode("w3", { [name]: value }))]).toEqual([name, []]);
    expect(await raw((value) => tokenizer?.decode(value))).toEqual([]);
    expect(await raw((value) => tokenizer?.decode([value]))).toEqual([]);
    expect(await raw((value) => tokenizer?.token(value))).toEqual([]);
    expect(await raw((value) => tokenizer?.forcedBosTokenId?.(value))).toEqual([]);
  });
});

describe("Translator", () => {
  test("create and availability: each of their options", async () => {
    for (const method of ["create", "availability"] as const) {
      expect(await raw((value) => Translator[method](value))).toEqual([]);
      expect(await raw((value) => Translator[method]({ ...pair, model: value }))).toEqual([]);
      const loading = ["device", "dtype", "signal", "onProgress", "onWarning", "worker"];
      for (const name of ["sourceLanguage", "targetLanguage", "generation", ...loading, "monitor", "unknown"])
        expect([name, await raw((value) => Translator[method]({ ...pair, model, [name]: value }))]).toEqual([name, []]);
      expect(await raw((monitor) => Translator[method]({ ...pair, model: source(), device: "cpu", monitor }))).toEqual(
        [],
      );
    }
  });

  test("its methods: the text, the options and the signal", async () => {
    for (const method of ["translate", "translateStreaming", "align", "measureInputUsage"] as const) {
      expect(await raw((value) => translator[method](value))).toEqual([]);
      expect(await raw((value) => translator[method]("w3", value))).toEqual([]);
      expect(await raw((signal) => translator[method]("w3", { signal }))).toEqual([]);
      expect(await raw((num_beams) => translator[method]("w3", { num_beams }))).toEqual([]);
    }
  });
});

test("checkSupport: the source and the options", async () => {
  expect(await raw((value) => checkSupport(value))).toEqual([]);
  expect(await raw((value) => checkSupport(undefined, value))).toEqual([]);
  for (const name of ["device", "dtype", "signal", "cache"])
    expect([name, await raw((value) => checkSupport(source(), { [name]: value }))]).toEqual([name, []]);
});

test("models.delete: the name", async () => {
  expect(await raw((value) => models.delete(value))).toEqual([]);
});

test("null stands for what is left out, in every options object", async () => {
  const nulls = (...given: string[]) => Object.fromEntries(given.map((name) => [name, null])) as object;
  const loading = {
    device: "cpu",
    ...nulls("dtype", "arithmetic", "signal", "onProgress", "onWarning", "worker", "cache", "retries", "integrity"),
  } as const;
  const own = await Seq2Seq.load(tinyCheckpoint(), loading);
  const { sequences } = await model.generate([3, 4], two);
  const all = nulls(
    ...[...SUPPORTED, ...CALL_ONLY, ...Object.keys(NEUTRAL)].filter((name) => name !== "max_new_tokens"),
  );
  expect((await model.generate([3, 4], { ...all, ...two })).sequences).toEqual(sequences);
  expect((await model.generate([3, 4], { ...all, ...two, num_beams: 2 })).sequences).toHaveLength(1);
  await own.forward({ input_ids: [3], attention_mask: null, decoder_input_ids: [1] } as never, null as never);
  await own.forward({ input_ids: [3], decoder_input_ids: [1] }, nulls("output_attentions", "output_hidden_states"));
  expect(await model.tokenizer?.encode("w3", nulls("sourceLanguage", "targetLanguage"))).toEqual([3]);
  expect(await Translator.create({ ...pair, model, ...nulls("device", "signal", "monitor") })).toBeInstanceOf(
    Translator,
  );
  const texts = await model.generateText("w3 w4", {
    ...two,
    ...nulls("truncation", "add_special_tokens", "targetLanguage"),
  });
  expect(texts.sequences).toEqual(sequences);
  expect(await translator.translate("w3", nulls("signal"))).toBe(await translator.translate("w3", null as never));
  await own.dispose();
});
