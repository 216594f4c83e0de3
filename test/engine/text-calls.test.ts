/** Text in, text out, without a translator: `generateText`, `streamText`, and what they refuse. */

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Seq2Seq, type TextOptions } from "../../src/index";
import { failureOf } from "../support/node/failure";
import { tinyCheckpoint } from "../support/shared/tiny";

const MODEL = "./demo/public/models/en-fr";
const golden = JSON.parse(readFileSync("test/goldens/en_fr.json", "utf8")) as {
  cases: { text: string; translation: string }[];
};
const cases = golden.cases.slice(0, 4);
const texts = cases.map(({ text }) => text);

describe("a model with a tokenizer", () => {
  const warnings: string[] = [];
  let model: Seq2Seq;
  beforeAll(async () => {
    model = await Seq2Seq.load(MODEL, { device: "wasm", onWarning: (message) => warnings.push(message) });
  });
  afterAll(() => model.dispose());

  const joined = async (text: string, options?: TextOptions): Promise<string> => {
    let out = "";
    for await (const piece of model.streamText(text, options)) {
      expect(piece).not.toBe("");
      out += piece;
    }
    return out;
  };

  it("gives the texts of a batch, with the whole output of generate beside them", async () => {
    const ids = await Promise.all(texts.map(async (text) => model.tokenizer!.encode(text)));
    const options = { output_scores: true, output_attentions: true };
    const { stats, ...out } = await model.generateText(texts, options);
    const { stats: _, ...expected } = await model.generate(ids, options);
    expect(out.texts).toEqual(cases.map(({ translation }) => translation));
    expect(out).toEqual({ ...expected, texts: out.texts, input_ids: ids, truncated: ids.map(() => 0) });
    expect(out.cross_attentions?.map(([[{ shape }]]) => shape)).toEqual(ids.map((row) => [4, row.length]));
    expect(stats.tokens).toBe(out.sequences.reduce((sum, row) => sum + row.length - 1, 0));
  });

  it("takes one text as a string, and gives each of its sequences", async () => {
    const { texts: one } = await model.generateText(texts[0]);
    expect(one).toEqual([cases[0].translation]);
    const best = await model.generateText(texts.slice(0, 2), { num_beams: 3, num_return_sequences: 3 });
    expect(best.texts).toEqual(await Promise.all(best.sequences.map(async (row) => model.tokenizer!.decode(row))));
    expect(new Set(best.texts).size).toBe(6);
    expect(best.sequences_scores).toHaveLength(6);
  });

  it("streams pieces that add up to the text, in beams and samples, too", async () => {
    for (const options of [{}, { num_beams: 3 }, { do_sample: true, seed: 7, max_new_tokens: 9 }]) {
      const { texts: whole } = await model.generateText(texts[1], options);
      expect(await joined(texts[1], options)).toBe(whole[0]);
    }
  });

  it("passes the options of generate on: lengths, stop strings, ends, signals", async () => {
    const { sequences } = await model.generateText(texts, { max_new_tokens: 2 });
    expect(sequences.map(({ length }) => length)).toEqual([3, 3, 3, 3]);
    const [word] = cases[0].translation.split(" ");
    const stopped = await model.generateText(texts[0], { stop_strings: `${word} ` });
    expect(stopped.texts[0].length).toBeLessThan(cases[0].translation.length);
    expect(stopped.texts[0].startsWith(word)).toBe(true);
    expect(await joined(texts[0], { stop_strings: `${word} ` })).toBe(stopped.texts[0]);
    const reason = new Error("enough");
    await expect(model.generateText(texts, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(joined(texts[0], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    for await (const piece of model.streamText(texts[0])) if (piece) break;
    expect((await model.generateText(texts[0])).texts).toEqual([cases[0].translation]);
  });

  it("begins with decoder_input_ids, which the text has and a stream leaves out", async () => {
    const start = await model.tokenizer!.encode("Il", { add_special_tokens: false });
    const options = { decoder_input_ids: start, max_new_tokens: 5 };
    const { texts: found } = await model.generateText(texts[0], options);
    expect(found[0].startsWith("Il")).toBe(true);
    expect(`Il${await joined(texts[0], options)}`.replace(/\s/g, "")).toBe(found[0].replace(/\s/g, ""));
  });

  it("leaves special tokens out of the source where it is asked to", async () => {
    const { input_ids } = await model.generateText(texts, { add_special_tokens: false, max_new_tokens: 1 });
    const encoded = await Promise.all(texts.map(async (text) => model.tokenizer!.encode(text)));
    expect(input_ids).toEqual(encoded.map((ids) => ids.slice(0, -1)));
  });

  it("refuses a text that is too long, or cuts it and says by how much", async () => {
    const long = "a car and ".repeat(120);
    const { length } = await model.tokenizer!.encode(long);
    const error = await failureOf(() => model.generateText(["Hello.", long]));
    expect(error.code).toBe("invalid_input");
    expect(error.message).toBe(`generateText: text 1 has ${length} tokens; this model takes at most 256.`);
    expect(error.hint).toContain("truncation: true");
    const cut = await model.generateText(["Hello.", long], { truncation: true, max_new_tokens: 1 });
    expect(cut.truncated).toEqual([0, length - 256]);
    expect(cut.input_ids[1]).toHaveLength(256);
    expect(cut.input_ids[1].at(-1)).toBe(model.config.eos_token_id[0]);
    const short = await model.generateText(long, { truncation: 7, max_new_tokens: 1 });
    expect([short.truncated, short.input_ids[0].length]).toEqual([[length - 7], 7]);
    warnings.length = 0;
    await joined(long, { truncation: 7, max_new_tokens: 1 });
    expect(warnings).toEqual([`streamText: ${length - 7} tokens of the text did not fit and were left out.`]);
    expect((await failureOf(() => joined(long))).message).toContain(`the text has ${length} tokens`);
  });

  it("refuses languages that its files contradict", async () => {
    const languages = { sourceLanguage: "ja", targetLanguage: "de" };
    for (const call of [() => model.generateText("Hello.", languages), () => joined("Hello.", languages)]) {
      const error = await failureOf(call);
      expect(error.code).toBe("unsupported_option");
      expect(error.hint).toBe('Its files name "en" to "fr".');
    }
    const fitting = { sourceLanguage: "en-GB", targetLanguage: "fr" };
    expect((await model.generateText(texts[0], fitting)).texts).toEqual([cases[0].translation]);
  });

  it.each<[string, () => unknown, string, string]>([
    ["a number", () => model.generateText(7 as never), "invalid_input", "a string or a list of strings, not 7"],
    ["token ids", () => model.generateText([1, 2] as never), "invalid_input", "not 1"],
    ["rows of token ids", () => model.generateText([[1]] as never), "invalid_input", "not [1]"],
    ["a text and a number", () => model.generateText(["a", 7] as never), "invalid_input", "not 7"],
    ["no texts", () => model.generateText([]), "invalid_input", "empty"],
    [
      "a mask",
      () => model.generateText("a", { attention_mask: [1] } as object),
      "unsupported_option",
      "attention_mask",
    ],
    ["truncation of 0", () => model.generateText("a", { truncation: 0 }), "invalid_option", "truncation"],
    [
      "truncation of another type",
      () => model.generateText("a", { truncation: "x" as never }),
      "invalid_option",
      '"x"',
    ],
    ["an unknown option", () => model.generateText("a", { beams: 3 } as object), "unsupported_option", '"beams"'],
    ["options that are a list", () => model.generateText("a", [3] as object), "invalid_option", "object"],
    [
      "a language that is no tag",
      () => model.generateText("a", { sourceLanguage: 1 as never }),
      "invalid_option",
      "tag",
    ],
    ["a stream of a list", () => joined(["a"] as never), "invalid_input", "one text"],
    ["a stream with scores", () => joined("a", { output_scores: true }), "unsupported_option", "output_scores"],
    ["two streams", () => joined("a", { num_return_sequences: 2 }), "unsupported_option", "num_return_sequences"],
    ["attentions of a stream", () => joined("a", { output_attentions: true }), "unsupported_option", "attentions"],
  ])("refuses %s", async (_name, call, code, named) => {
    const error = await failureOf(call);
    expect(error.code).toBe(code);
    expect(error.message).toContain(named);
  });

  it.each<[string, () => unknown]>([
    ["generate", () => model.generate("Hello." as never)],
    ["generate of a list", () => model.generate(["Hello."] as never)],
    ["stream", () => model.stream("Hello." as never).next()],
    ["forward", () => model.forward({ input_ids: "Hello." as never, decoder_input_ids: [1] })],
  ])("%s of a text names generateText", async (_name, call) => {
    const error = await failureOf(call);
    expect(error.code).toBe("invalid_input");
    expect(error.message).toContain('"Hello."');
    expect(error.hint).toContain("generateText()");
  });
});

describe("a model without a tokenizer, or after dispose", () => {
  it("says that it has none, and what takes token ids", async () => {
    const model = await Seq2Seq.load(tinyCheckpoint(), { device: "cpu" });
    for (const call of [() => model.generateText("a"), () => model.streamText("a").next()]) {
      const error = await failureOf(call);
      expect(error.code).toBe("file_not_found");
      expect(error.message).toMatch(/^(generate|stream)Text needs a tokenizer, .* no tokenizer.json/);
      expect(error.hint).toContain("generate()");
    }
    await model.dispose();
    for (const call of [() => model.generateText("a"), () => model.streamText("a").next()])
      expect((await failureOf(call)).code).toBe("disposed");
  });
});
