/** A translator over tiny checkpoints of two families, with tokenizers made for their small vocabularies. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Seq2Seq, Translator, type Source } from "../../src/index";
import { failureOf } from "../support/node/failure";
import { bytesField } from "../support/node/tokenizers";

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** A SentencePiece model of these pieces; the first is the unknown one. */
function sentencePiece(pieces: string[]): Uint8Array {
  const fields = pieces.map((piece, i) => {
    const score = new Uint8Array(new Float32Array([i === 0 ? 0 : -i]).buffer);
    const body = [...bytesField(1, new TextEncoder().encode(piece)), 0x15, ...score, 0x18, i === 0 ? 2 : 1];
    return bytesField(1, Uint8Array.from(body));
  });
  return new Uint8Array(Buffer.concat(fields));
}

const letters = [..."abcdefghijklmnopqrstuvwxyz"];

/** A checkpoint of test/goldens/families with other tokenizer files. */
const model = (name: string, files: Record<string, Uint8Array>): Source => ({
  read(path) {
    if (Object.hasOwn(files, path)) return Promise.resolve(files[path]);
    if (!/^(config|generation_config|model)\.(json|safetensors)$/.test(path)) return Promise.resolve(undefined);
    try {
      return Promise.resolve(new Uint8Array(readFileSync(`test/goldens/families/${name}/${path}`)));
    } catch {
      return Promise.resolve(undefined);
    }
  },
});

const nllb = model("m2m100", {
  "tokenizer_config.json": json({
    tokenizer_class: "NllbTokenizer",
    extra_special_tokens: ["eng_Latn", "fra_Latn", "deu_Latn"],
  }),
  "tokenizer.json": json({
    added_tokens: [],
    model: {
      type: "BPE",
      vocab: Object.fromEntries(
        ["<s>", "<pad>", "</s>", "<unk>", "▁", ...letters, "eng_Latn", "fra_Latn", "deu_Latn"].map((t, i) => [t, i]),
      ),
      merges: [],
    },
  }),
});

describe("a translator of many languages", () => {
  test("names the source before the text and forces the target as the first token", async () => {
    const seq2seq = await Seq2Seq.load(nllb, { device: "cpu" });
    const { tokenizer } = seq2seq;
    const outputs: string[] = [];
    for (const [targetLanguage, code] of [
      ["fr", "fra_Latn"],
      ["de-AT", "deu_Latn"],
    ]) {
      const translator = await Translator.create({ model: seq2seq, sourceLanguage: "en", targetLanguage });
      const forced = await tokenizer!.forcedBosTokenId(targetLanguage);
      expect(await tokenizer!.token(forced!)).toBe(code);
      const ids = await tokenizer!.encode("hello", { sourceLanguage: "eng_Latn" });
      expect((await Promise.all(ids.map(async (id) => tokenizer!.token(id)))).join(" ")).toBe(
        "eng_Latn ▁ h e l l o </s>",
      );
      const { sequences } = await seq2seq.generate([ids], { forced_bos_token_id: forced });
      expect(sequences[0][1]).toBe(forced);
      outputs.push(await translator.translate("hello"));
      expect(outputs.at(-1)).toBe(await tokenizer!.decode(sequences[0]));
      let streamed = "";
      for await (const piece of translator.translateStreaming("hello")) streamed += piece;
      expect(streamed).toBe(outputs.at(-1));
    }
    expect(outputs[0]).not.toBe(outputs[1]);
    await seq2seq.dispose();
  });

  test("refuses a language that the model does not know, and lists some that it does", async () => {
    const error = await failureOf(() =>
      Translator.create({ model: nllb, device: "cpu", sourceLanguage: "en", targetLanguage: "ja" }),
    );
    expect(error.code).toBe("unsupported_option");
    expect(error.message).toContain('targetLanguage "ja"');
    expect(error.hint).toContain("eng_Latn, fra_Latn, deu_Latn");
  });
});

test("a Marian folder: two .spm files and vocab.json", async () => {
  const onWarning = () => undefined;
  const spm = sentencePiece(["<unk>", "▁", ...letters]);
  const config = JSON.parse(readFileSync("test/goldens/families/marian-swish/config.json", "utf8")) as {
    eos_token_id: number;
    pad_token_id: number;
    vocab_size: number;
  };
  const pieces = ["<unk>", "▁", ...letters, ">>fra<<"];
  const vocab: Record<string, number> = { "</s>": config.eos_token_id, "<pad>": config.pad_token_id };
  const taken = new Set(Object.values(vocab));
  let next = 0;
  for (const piece of pieces) {
    while (taken.has(next)) next++;
    vocab[piece] = next++;
  }
  expect(next).toBeLessThanOrEqual(config.vocab_size);
  const files = { "source.spm": spm, "target.spm": spm, "vocab.json": json(vocab) };
  const seq2seq = await Seq2Seq.load(model("marian-swish", files), { device: "cpu" });
  const ids = await seq2seq.tokenizer!.encode("hello there", { targetLanguage: "fr" });
  expect(ids).toEqual([">>fra<<", ..."▁hello▁there", "</s>"].map((piece) => vocab[piece]));
  const translator = await Translator.create({ model: seq2seq, sourceLanguage: "en", targetLanguage: "fr" });
  const { sequences } = await seq2seq.generate([ids]);
  expect(await translator.translate("hello there")).toBe(await seq2seq.tokenizer!.decode(sequences[0]));
  const missing = model("marian-swish", { "source.spm": spm, "vocab.json": json(vocab) });
  const languages = { sourceLanguage: "en", targetLanguage: "fr" };
  const error = await failureOf(() => Translator.create({ model: missing, ...languages, device: "cpu", onWarning }));
  expect(error.code).toBe("file_not_found");
  expect(error.message).toContain("target.spm");
  await seq2seq.dispose();
});
