/** Language tags and the codes, tokens and prefixes of each family. */

import { describe, expect, test } from "vitest";
import { loadTokenizer } from "../../src/text/families/registry";
import { findCode, sameLanguage } from "../../src/text/languages";
import { languagePlan, type Tokenizer } from "../../src/text/tokenizer";
import { failureOf } from "../support/node/failure";
import { folderOf } from "../support/node/tokenizers";

async function open(name: string, modelConfig?: Record<string, unknown>): Promise<Tokenizer> {
  return (await loadTokenizer(folderOf(name, modelConfig))) ?? expect.fail(`${name} has no tokenizer`);
}

/** Without tokenizer_config.json. */
async function openPlain(name: string): Promise<Tokenizer> {
  const folder = folderOf(name);
  const json = (file: string) => (file === "tokenizer_config.json" ? Promise.resolve(undefined) : folder.json(file));
  return (await loadTokenizer({ ...folder, json })) ?? expect.fail(`${name} has no tokenizer`);
}

const m2m = (await open("m2m100")).languages!;
const mbart50 = (await open("mbart50")).languages!;
/** All of NLLB's: what it takes where the files list none. */
const nllb = (await openPlain("nllb")).languages!;

describe("BCP 47 tags", () => {
  test.each([
    ["en", "en", "en_XX", "eng_Latn"],
    ["en-GB", "en", "en_XX", "eng_Latn"],
    ["fr", "fr", "fr_XX", "fra_Latn"],
    ["zh", "zh", "zh_CN", "zho_Hans"],
    ["zh-Hans", "zh", "zh_CN", "zho_Hans"],
    ["zh-Hant", "zh", "zh_CN", "zho_Hant"],
    ["zh-TW", "zh", "zh_CN", "zho_Hant"],
    ["ar", "ar", "ar_AR", "arb_Arab"],
    ["fa", "fa", "fa_IR", "pes_Arab"],
    ["nb", "no", undefined, "nob_Latn"],
    ["no", "no", undefined, "nob_Latn"],
    ["he", "he", "he_IL", "heb_Hebr"],
    ["iw", "he", "he_IL", "heb_Hebr"],
    ["fil", "tl", "tl_XX", "tgl_Latn"],
    ["lv", "lv", "lv_LV", "lvs_Latn"],
    ["sw", "sw", "sw_KE", "swh_Latn"],
    ["uz", "uz", undefined, "uzn_Latn"],
    ["mn", "mn", "mn_MN", "khk_Cyrl"],
    ["ms", "ms", undefined, "zsm_Latn"],
    ["kas-Deva", undefined, undefined, "kas_Deva"],
    ["ks", undefined, undefined, "kas_Arab"],
    ["yue", undefined, undefined, "yue_Hant"],
    ["ckb", undefined, undefined, "ckb_Arab"],
    ["nso", "ns", undefined, "nso_Latn"],
    ["xx-unheard", undefined, undefined, undefined],
    ["not a tag", undefined, undefined, undefined],
  ])("%s", (tag, ...expected) => {
    expect([m2m, mbart50, nllb].map((codes) => findCode(tag, codes))).toEqual(expected);
  });

  test("the codes themselves, every one", () => {
    expect([m2m.length, mbart50.length, nllb.length]).toEqual([100, 52, 202]);
    for (const codes of [m2m, mbart50, nllb]) for (const code of codes) expect(findCode(code, codes)).toBe(code);
  });

  test("the same language in two spellings", () => {
    expect(sameLanguage("fr", "fra")).toBe(true);
    expect(sameLanguage("zh-Hans", "cmn_Hans")).toBe(true);
    expect(sameLanguage("de", "nl")).toBe(false);
  });
});

/** The ids that stand before and after a text, and the first token that is forced. */
function frame(tokenizer: Tokenizer, source: string, target: string) {
  const plan = languagePlan(tokenizer, source, target);
  const forced = plan.generation.forced_bos_token_id;
  return [plan.encode("").map((id) => tokenizer.token(id)), forced === undefined ? undefined : tokenizer.token(forced)];
}

describe("what is put around a text", () => {
  test.each([
    ["m2m100", "fr", "en", ["__fr__", "</s>"], "__en__"],
    ["nllb", "fr", "zh", ["fra_Latn", "</s>"], "zho_Hans"],
    ["nllb-legacy", "fr", "ar", ["</s>", "fra_Latn"], "arb_Arab"],
    ["mbart", "ro", "en", ["</s>", "ro_RO"], "en_XX"],
    ["mbart50", "fr", "he", ["fr_XX", "</s>"], "he_IL"],
    ["marian", "en", "fr", [">>fra<<", "</s>"], undefined],
    ["marian", "en", "zh-Hans", [">>cmn_Hans<<", "</s>"], undefined],
    ["marian-separate", "en", "de", ["</s>"], undefined],
    ["t5", "en", "de", ["</s>"], undefined],
    ["bart", "en", "de", ["<s>", "</s>"], undefined],
  ])("%s, %s to %s", async (name, source, target, around, forced) => {
    expect(frame(await open(name), source, target)).toEqual([around, forced]);
  });

  test("the language that the files name, where the caller names none", async () => {
    const first = async (name: string) => {
      const tokenizer = await open(name);
      return tokenizer.encode("").map((id) => tokenizer.token(id));
    };
    expect(await first("m2m100")).toEqual(["__en__", "</s>"]);
    expect(await first("m2m100-bare")).toEqual(["__de__", "</s>"]);
    expect(await first("nllb")).toEqual(["eng_Latn", "</s>"]);
    expect(await first("nllb-legacy")).toEqual(["</s>", "deu_Latn"]);
  });

  test("T5's prefixes, from config.json", async () => {
    const task = (prefix: string) => ({ prefix, num_beams: 4 });
    const config = {
      task_specific_params: {
        summarization: task("summarize: "),
        translation_en_to_fr: task("translate English to French: "),
        translation_en_to_ro: task("translate English to Romanian: "),
      },
    };
    for (const name of ["t5", "byt5"]) {
      const tokenizer = await open(name, config);
      const plan = languagePlan(tokenizer, "en-US", "fr");
      expect(plan.encode("the house")).toEqual(tokenizer.encode("translate English to French: the house"));
      expect(plan.generation).toEqual({});
      expect(() => languagePlan(tokenizer, "fr", "en")).toThrow(/fr.*en/);
    }
  });
});

describe("languages that a model does not know", () => {
  test.each([
    ["m2m100", "en", "eo", "af, am, ar"],
    ["nllb", "en", "ja", "eng_Latn, fra_Latn"],
    ["mbart", "en", "sv", "ar_AR"],
    ["marian", "en", "ja", ">>fra<<, >>deu<<"],
    ["marian", "de", "fr", '"en" to "mul"'],
    ["marian-separate", "en", "fr", '"en" to "de"'],
  ])("%s, %s to %s", async (name, source, target, listed) => {
    const tokenizer = await open(name);
    const error = await failureOf(() => languagePlan(tokenizer, source, target));
    expect(error.code).toBe("unsupported_option");
    expect(error.hint).toContain(listed);
  });

  test("options that are none", async () => {
    const tokenizer = await open("m2m100");
    expect((await failureOf(() => tokenizer.encode("a", { language: "en" } as object))).code).toBe(
      "unsupported_option",
    );
    expect((await failureOf(() => tokenizer.encode("a", { sourceLanguage: 7 } as object))).code).toBe("invalid_option");
    expect((await failureOf(() => tokenizer.encode(7 as unknown as string))).code).toBe("invalid_input");
  });
});
