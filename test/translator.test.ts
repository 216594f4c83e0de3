/** Text in, text out, on the CPU, with the model of the demo. */

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Seq2Seq, Translator } from "../src/index";
import { failureOf } from "./support/failure";
import { tinyCheckpoint } from "./support/tiny";

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

  it("gives nothing for nothing", async () => {
    for (const text of ["", "  ", "\n\t"]) expect(await translator.translate(text)).toBe("");
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

  it("refuses a text that is no text or too long", async () => {
    expect((await failureOf(() => translator.translate(7 as unknown as string))).code).toBe("invalid_input");
    expect((await failureOf(() => translator.translate("word ".repeat(300)))).message).toContain("256 positions");
  });
});

describe("creating one", () => {
  it.each([
    [{ sourceLanguage: "english language" }, "sourceLanguage"],
    [{ targetLanguage: "" }, "targetLanguage"],
    [{ targetLanguage: undefined }, "targetLanguage"],
  ])("with %j is refused", async (given, named) => {
    const options = { model: MODEL, ...languages, ...given } as Parameters<typeof Translator.create>[0];
    const error = await failureOf(() => Translator.create(options));
    expect(error.code).toBe("invalid_option");
    expect(error.message).toContain(named);
  });

  it("with an unknown option is refused", async () => {
    const options = { model: MODEL, ...languages, dtype: "f32" } as Parameters<typeof Translator.create>[0];
    expect((await failureOf(() => Translator.create(options))).code).toBe("unsupported_option");
  });

  it("without a tokenizer is refused", async () => {
    const error = await failureOf(() => Translator.create({ model: tinyCheckpoint(), ...languages, device: "cpu" }));
    expect(error.code).toBe("file_not_found");
    expect(error.message).toContain("tokenizer.json");
  });

  it("from a loaded model leaves the model alone when it is destroyed", async () => {
    const model = await Seq2Seq.load(MODEL, { device: "cpu" });
    const translator = await Translator.create({ model, ...languages });
    expect(await translator.translate(cases[0].text)).toBe(cases[0].translation);
    translator.destroy();
    expect((await failureOf(() => translator.translate("Hello."))).code).toBe("disposed");
    expect((await model.generate([4, 2], { max_new_tokens: 2 })).sequences).toHaveLength(1);
    await model.dispose();
  });
});
