/** Creating a translator with the model of the demo: what is refused, and which languages its files name. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Seq2Seq, Translator, type Source } from "../../src/index";
import { failureOf } from "../support/node/failure";
import { tinyCheckpoint } from "../support/shared/tiny";

const MODEL = "./demo/public/models/en-fr";
const { cases } = JSON.parse(readFileSync("test/goldens/en_fr.json", "utf8")) as {
  cases: { text: string; translation: string }[];
};
const languages = { sourceLanguage: "en", targetLanguage: "fr" };
/** Pairs that the files of an English-French model contradict. */
const CONTRADICTED = [
  ["ja", "de"],
  ["en", "de"],
  ["de", "fr"],
  ["fr", "en"],
];
/** The model of the demo without its manifest, with some files changed; undefined: not there. */
const changed = (files: Record<string, unknown>): Source => ({
  read(path) {
    if (path === "attendant.json") return undefined;
    if (Object.hasOwn(files, path)) return files[path] === undefined ? undefined : JSON.stringify(files[path]);
    try {
      return new Uint8Array(readFileSync(`${MODEL}/${path}`));
    } catch {
      return undefined;
    }
  },
});
const fieldsOf = (file: string) => JSON.parse(readFileSync(`${MODEL}/${file}`, "utf8")) as Record<string, unknown>;

describe("availability", () => {
  const of = (model: unknown) => Translator.availability({ model, ...languages } as never);

  it("is that of what create would load", async () => {
    const loaded = await Seq2Seq.load(MODEL, { device: "cpu" });
    expect(await of(loaded)).toBe("available");
    await loaded.dispose();
    expect(await of(MODEL)).toBe("available");
    expect(await of("./demo/public/models/none")).toBe("unavailable");
    expect(await of({ read: () => JSON.stringify({ model_type: "gpt2" }) })).toBe("unavailable");
    expect(await of(tinyCheckpoint())).toBe("available");
    expect(await Translator.availability({ model: MODEL, ...languages, device: "webgpu" })).toBe("unavailable");
    for (const [sourceLanguage, targetLanguage] of CONTRADICTED)
      expect(await Translator.availability({ model: MODEL, sourceLanguage, targetLanguage })).toBe("unavailable");
    expect((await failureOf(() => of(""))).code).toBe("invalid_source");
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
    const options = { model: MODEL, ...languages, dtypes: "f32" } as Parameters<typeof Translator.create>[0];
    const error = await failureOf(() => Translator.create(options));
    expect(error.code).toBe("unsupported_option");
    expect(error.message).toContain('"dtypes"');
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

describe("the languages that the files name", () => {
  it.each(CONTRADICTED)("refuse %s to %s", async (sourceLanguage, targetLanguage) => {
    const error = await failureOf(() =>
      Translator.create({ model: MODEL, sourceLanguage, targetLanguage, device: "wasm" }),
    );
    expect(error.code).toBe("unsupported_option");
    expect(error.message).toContain(`sourceLanguage "${sourceLanguage}", targetLanguage "${targetLanguage}"`);
    expect(error.hint).toBe('Its files name "en" to "fr".');
  });

  it("may stand in config.json alone, or nowhere: then a warning says that they are not checked", async () => {
    const { source_lang: _, target_lang: __, ...tokenizer } = fieldsOf("tokenizer_config.json");
    const { source_lang: ___, target_lang: ____, ...config } = fieldsOf("config.json");
    const named = changed({ "tokenizer_config.json": tokenizer });
    const japanese = { sourceLanguage: "ja", targetLanguage: "de", device: "wasm" as const };
    expect((await failureOf(() => Translator.create({ model: named, ...japanese }))).code).toBe("unsupported_option");
    expect(await Translator.availability({ model: named, ...japanese })).toBe("unavailable");

    const unnamed = changed({ "tokenizer_config.json": tokenizer, "config.json": config });
    expect(await Translator.availability({ model: unnamed, ...japanese })).toBe("available");
    const warnings: string[] = [];
    const onWarning = (message: string) => warnings.push(message);
    const translator = await Translator.create({ model: unnamed, ...japanese, onWarning });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('sourceLanguage "ja" and targetLanguage "de" are not checked');
    expect(await translator.translate(cases[0].text)).toBe(cases[0].translation);
    translator.destroy();

    const half = changed({ "tokenizer_config.json": tokenizer, "config.json": { ...config, source_lang: "en" } });
    warnings.length = 0;
    (await Translator.create({ model: half, ...languages, device: "wasm", onWarning })).destroy();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('Translator.create: targetLanguage "fr" is not checked');
  });
});
