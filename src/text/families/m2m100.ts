/** M2M100 (tokenization_m2m_100.py): sentencepiece.bpe.model segments the text, vocab.json has the ids, languages come after it. */

import { wellFormed } from "../bytes";
import { namedText, namedTokens, readSettings, required, unnamedTokens, type Fields, type Folder } from "../folder";
import { createSentencePiece } from "../sentencepiece/processor";
import type { Tokenizer } from "../tokenizer";
import { readVocabulary } from "./model-json";
import { createPython, joinRuns, strip, unknownOf } from "./python";
import { languageCodes, sourceOf, withLanguages } from "./with-languages";

const KIND = "M2M100 tokenizer";
const CODES: Record<string, string[]> = {
  m2m100:
    `af am ar ast az ba be bg bn br bs ca ceb cs cy da de el en es et fa ff fi fr fy ga gd gl gu ha he hi hr ht hu hy
  id ig ilo is it ja jv ka kk km kn ko lb lg ln lo lt lv mg mk ml mn mr ms my ne nl no ns oc or pa pl ps pt ro ru sd si sk sl
  so sq sr ss su sv sw ta th tl tn tr uk ur uz vi wo xh yi yo zh zu`.split(/\s+/),
  wmt21: ["en", "ha", "is", "ja", "cs", "ru", "zh", "de"],
};

export async function createM2M100(folder: Folder, config: Fields): Promise<Tokenizer> {
  const MODEL = "sentencepiece.bpe.model";
  const spm = createSentencePiece(await required(folder.bytes(MODEL), MODEL, KIND), MODEL);
  const vocab = readVocabulary(await required(folder.json("vocab.json"), "vocab.json", KIND), "vocab.json");
  const decoder = new Map([...vocab].map(([token, id]) => [id, token]));
  const settings = await readSettings(folder, config);
  const codes = languageCodes(config.language_codes ?? "m2m100", CODES);
  const languageIds = new Map(codes.map((code, i) => [`__${code}__`, vocab.size + i]));
  const languageTokens = new Map([...languageIds].map(([token, id]) => [id, token]));
  const named = namedTokens(settings, {
    bos_token: "<s>",
    eos_token: "</s>",
    unk_token: "<unk>",
    sep_token: "</s>",
    pad_token: "<pad>",
  });
  const [unk, unkId] = unknownOf(vocab, named);
  const python = createPython(
    {
      size: vocab.size,
      has: (token) => vocab.has(token),
      id: (token) => languageIds.get(token) ?? vocab.get(token) ?? unkId,
      token: (id) => languageTokens.get(id) ?? decoder.get(id) ?? unk,
      tokenize: (text) => spm.encode(text),
      join: (tokens, special) => strip(joinRuns(tokens, special, (run) => spm.decode(run))),
    },
    { settings, named, extra: unnamedTokens(settings) },
  );
  const end = python.id(namedText(named, "eos_token"));
  return withLanguages(
    { ...python, encode: (text) => python.encode(wellFormed(text)) },
    {
      codes,
      id: (code) => languageIds.get(`__${code}__`),
      source: sourceOf(config.src_lang, codes, "en"),
      around: (language) => ({ before: language, after: [end] }),
    },
  );
}
