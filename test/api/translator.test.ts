/** Text in, text out, on the CPU, with the model of the demo. */

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Seq2Seq, Translator, type LoadProgress } from "../../src/index";
import { failureOf } from "../support/node/failure";

const MODEL = "./demo/public/models/en-fr";
const golden = JSON.parse(readFileSync("test/goldens/en_fr.json", "utf8")) as {
  cases: { text: string; translation: string }[];
};
const languages = { sourceLanguage: "en", targetLanguage: "fr" };
const cases = golden.cases.slice(0, 5);

describe("a translator", () => {
  const progress: number[] = [];
  let translator: Translator;
  beforeAll(async () => {
    translator = await Translator.create({
      model: MODEL,
      ...languages,
      device: "cpu",
      monitor: (target) =>
        target.addEventListener("downloadprogress", (e) => progress.push((e as ProgressEvent).loaded)),
    });
  });
  afterAll(() => translator.destroy());

  it("tells its progress from 0 to 1", () => {
    expect(progress.length).toBeGreaterThan(2);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.at(-1)).toBe(1);
  });

  it("translates as PyTorch does", async () => {
    for (const { text, translation } of cases) expect(await translator.translate(text)).toBe(translation);
  });

  it("streams pieces that add up to the translation", async () => {
    for (const { text, translation } of cases) {
      const pieces: string[] = [];
      for await (const piece of translator.translateStreaming(text)) pieces.push(piece);
      expect(pieces.join("")).toBe(translation);
      expect(pieces.length).toBeGreaterThan(1);
      expect(pieces).not.toContain("");
    }
  });

  it("streams to a loop where streams know no loops, as in Safari before 26", async () => {
    const own = Object.getOwnPropertyDescriptor(ReadableStream.prototype, Symbol.asyncIterator)!;
    delete (ReadableStream.prototype as Partial<ReadableStream>)[Symbol.asyncIterator];
    try {
      let translation = "";
      for await (const piece of translator.translateStreaming(cases[0].text)) translation += piece;
      expect(translation).toBe(cases[0].translation);
      for await (const _ of translator.translateStreaming(cases[0].text)) break;
      expect(await translator.translate(cases[0].text)).toBe(cases[0].translation);
    } finally {
      Object.defineProperty(ReadableStream.prototype, Symbol.asyncIterator, own);
    }
  });

  it("gives nothing for nothing, and white space back", async () => {
    for (const text of ["", "  ", "\n\t"]) {
      expect(await translator.translate(text)).toBe(text);
      const pieces: string[] = [];
      for await (const piece of translator.translateStreaming(text)) pieces.push(piece);
      expect(pieces.join("")).toBe(text);
      expect(await translator.align(text)).toEqual([]);
      expect(await translator.measureInputUsage(text)).toBe(0);
    }
  });

  it("keeps paragraphs and white space, and gives each part what it gives it alone", async () => {
    const [a, b, c] = cases;
    const text = `\n  ${a.text}\n\n${b.text}\n\t${c.text} \n`;
    const expected = `\n  ${a.translation}\n\n${b.translation}\n\t${c.translation} \n`;
    expect(await translator.translate(text)).toBe(expected);
    const pieces: string[] = [];
    for await (const piece of translator.translateStreaming(text)) pieces.push(piece);
    expect(pieces.join("")).toBe(expected);
    expect(pieces.length).toBeGreaterThan(6);
  });

  it("translates a long paragraph sentence by sentence", async () => {
    const sentences = golden.cases.slice(0, 20).filter(({ text }) => /^[^.?!]*[.?!]$/.test(text));
    expect(sentences.length).toBeGreaterThan(8);
    const text = sentences.map((one) => one.text).join(" ");
    expect(await translator.measureInputUsage(text)).toBeGreaterThan(64);
    expect(await translator.translate(text)).toBe(sentences.map((one) => one.translation).join(" "));
  });

  it("has no limit: what is longer than the model's positions goes in parts", async () => {
    expect(translator.inputQuota).toBe(Infinity);
    const text = "a car and ".repeat(120);
    expect(await translator.measureInputUsage(text)).toBeGreaterThan(256);
    const cut = translator.translateStreaming(text).getReader();
    expect((await cut.read()).value).not.toBe("");
    await cut.cancel();
  });

  it("says which tokens belong together", async () => {
    const [segment] = await translator.align("The dog is black.");
    expect(segment.translation).toBe(await translator.translate("The dog is black."));
    const { weights, shape, pairs } = segment.alignment;
    expect(shape).toEqual([segment.targetTokens.length, segment.sourceTokens.length]);
    for (let target = 0; target < shape[0]; target++) {
      const row = weights.subarray(target * shape[1], (target + 1) * shape[1]);
      expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 4);
    }
    const clean = (token: string): string => token.replace(/[▁ĠĊ]|<\/w>/g, "").toLowerCase();
    const linked = pairs.map(([t, s]) => `${clean(segment.targetTokens[t])}-${clean(segment.sourceTokens[s])}`);
    expect(linked).toContain("chien-dog");
    expect(linked).toContain("noir-black");
  });

  it("stops when aborted or cancelled, and works afterwards", async () => {
    const reason = new Error("enough");
    await expect(translator.translate("Hello.", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const reader = translator.translateStreaming(cases[0].text, { signal: controller.signal }).getReader();
    await reader.read();
    controller.abort(reason);
    await expect(reader.read().then(() => reader.read())).rejects.toBe(reason);
    const cancelled = translator.translateStreaming(cases[0].text).getReader();
    await cancelled.read();
    await cancelled.cancel();
    expect(await translator.translate(cases[0].text)).toBe(cases[0].translation);
  });

  it("refuses a text that is no text", async () => {
    expect((await failureOf(() => translator.translate(7 as unknown as string))).code).toBe("invalid_input");
    expect((await failureOf(() => translator.measureInputUsage(null as never))).code).toBe("invalid_input");
  });
});

describe("the options of load and of generate", () => {
  it("reach the model", async () => {
    const progress: LoadProgress[] = [];
    const onProgress = (event: LoadProgress) => progress.push(event);
    const loading = { device: "wasm", dtype: "q8", worker: false, onProgress } as const;
    const small = await Translator.create({ model: MODEL, ...languages, ...loading });
    expect(new Set(progress.map(({ phase }) => phase))).toEqual(new Set(["download", "verify", "upload", "compile"]));
    expect(await small.translate("Hello.")).not.toBe("");
    small.destroy();
    const error = await failureOf(() => Translator.create({ model: MODEL, ...languages, dtype: "q9" as never }));
    expect(error.code).toBe("invalid_option");
    expect(error.message).toContain('dtype must be "auto"');
  });

  it("decide how each text is translated: of create, of a call, and the call's count", async () => {
    const model = await Seq2Seq.load(MODEL, { device: "wasm" });
    const beams = await Translator.create({ model, ...languages, generation: { num_beams: 4, length_penalty: 2 } });
    const greedy = await Translator.create({ model, ...languages });
    const joined = async (pieces: AsyncIterable<string>) => {
      let out = "";
      for await (const piece of pieces) out += piece;
      return out;
    };
    let differ = 0;
    for (const { text, translation } of golden.cases.slice(0, 12)) {
      const { texts } = await model.generateText(text, { num_beams: 4, length_penalty: 2 });
      expect(await beams.translate(text)).toBe(texts[0]);
      expect(await greedy.translate(text, { num_beams: 4, length_penalty: 2 })).toBe(texts[0]);
      expect(await beams.translate(text, { num_beams: 1, length_penalty: undefined })).toBe(translation);
      differ += texts[0] === translation ? 0 : 1;
    }
    expect(differ).toBeGreaterThan(0);
    const { text } = cases[1];
    const { texts: short } = await model.generateText(text, { max_new_tokens: 3 });
    expect(await greedy.translate(text, { max_new_tokens: 3 })).toBe(short[0]);
    expect(await joined(greedy.translateStreaming(text, { max_new_tokens: 3 }))).toBe(short[0]);
    expect((await greedy.align(text, { max_new_tokens: 3 }))[0].translation).toBe(short[0]);
    await model.dispose();
  });

  it("that make no sense for a text are refused, when it is created or called", async () => {
    const model = await Seq2Seq.load(MODEL, { device: "wasm" });
    const translator = await Translator.create({ model, ...languages });
    for (const [generation, named] of [
      [{ num_return_sequences: 2 }, "num_return_sequences"],
      [{ forced_bos_token_id: 5 }, "forced_bos_token_id"],
      [{ output_scores: true }, "output_scores"],
      [{ beams: 4 }, '"beams"'],
    ] as [object, string][]) {
      for (const call of [
        () => Translator.create({ model, ...languages, generation }),
        () => translator.translate("Hello.", generation),
        () => translator.measureInputUsage("Hello.", generation),
      ]) {
        const error = await failureOf(call);
        expect(error.code).toBe("unsupported_option");
        expect(error.message).toContain(named);
      }
    }
    expect((await failureOf(() => translator.translate("Hello.", { num_beams: 0 }))).code).toBe("invalid_option");
    const list = { model, ...languages, generation: [4] as never };
    expect((await failureOf(() => Translator.create(list))).code).toBe("invalid_option");
    await model.dispose();
  });

  it("of load have no effect on a loaded model, and a warning says so", async () => {
    const own: string[] = [];
    const model = await Seq2Seq.load(MODEL, { device: "wasm", onWarning: (message) => own.push(message) });
    await Translator.create({ model, ...languages });
    expect(own).toEqual([]);
    await Translator.create({ model, ...languages, dtype: "q8", monitor: () => undefined });
    expect(own).toEqual(["Translator.create: dtype, monitor have no effect, because the model is loaded already."]);
    await model.dispose();
  });
});
