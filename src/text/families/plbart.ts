/**
 * PLBart (tokenization_plbart.py): sentencepiece.bpe.model segments the text, and ids are one more than those of its pieces; text,
 * end token, language. A "base" model may be given a text without a language; a "multi" model has more languages and needs one.
 */

import { ModelError } from "../../errors";
import { wellFormed } from "../bytes";
import {
  addedToken,
  contentOf,
  namedText,
  namedTokens,
  readSettings,
  required,
  type Fields,
  type Folder,
} from "../folder";
import { createSentencePiece } from "../sentencepiece/processor";
import type { Tokenizer } from "../tokenizer";
import { createPython, strip } from "./python";
import { FAIRSEQ_TOKENS } from "./source";
import { languageCodes, sourceOf, withLanguages } from "./with-languages";

const MODEL = "sentencepiece.bpe.model";
const BASE = ["java", "python", "en_XX"];
const CODES: Record<string, string[]> = { base: BASE, multi: [...BASE, "javascript", "php", "ruby", "go"] };
/** `<s>`, `<pad>`, `</s>`, `<unk>` have the first ids; of these, the model has three. */
const FIRST = ["<s>", "<pad>", "</s>", "<unk>"];
const OFFSET = 1;

export async function createPLBart(folder: Folder, config: Fields): Promise<Tokenizer> {
  // Then transformers cuts a text that begins with a space in another way. No published model asks for it.
  if (config.legacy === false)
    throw new ModelError("invalid_tokenizer", "tokenizer_config.json: legacy: false is not supported for PLBart.");
  const spm = createSentencePiece(await required(folder.bytes(MODEL), MODEL, "PLBart tokenizer"), MODEL);
  const { pieces } = spm.proto;
  const pieceIds = new Map(pieces.map(({ piece }, id) => [piece, id]));
  const settings = await readSettings(folder, config);
  const kind = config.language_codes ?? "base";
  const codes = languageCodes(kind, CODES);
  const tokenOf = (code: string) => `__${code}__`;

  // The vocabulary around the pieces: four tokens before them, languages and the mask of "base" after them.
  const own = new Map(FIRST.map((token, id) => [token, id]));
  codes.forEach((code, i) => own.set(tokenOf(code), pieces.length + OFFSET + i));
  if (kind === "base") own.set("<mask>", pieces.length + OFFSET + codes.length);
  const owned = new Map([...own].map(([token, id]) => [id, token]));

  const named = namedTokens(settings, FAIRSEQ_TOKENS);
  const unkId = own.get(namedText(named, "unk_token")) ?? 3;
  const languages = codes.map(tokenOf);
  const extra = settings.extra ?? [...languages, ...(settings.additional ?? [])];
  const special = new Set([...named.values(), ...extra].map(contentOf));

  // Special tokens are numbered before there are languages; then those of the vocabulary lose their number again.
  const added = new Map(settings.added);
  const listed = new Set([...added.values()].map(({ content }) => content));
  let next = new Set([...FIRST, ...pieceIds.keys(), ...listed]).size;
  for (const content of special) {
    if (content !== "" && !listed.has(content)) {
      added.set(pieceIds.get(content) ?? next++, addedToken(content, { special: true }));
    }
  }
  const inVocabulary = new Set([...FIRST, "<mask>", ...languages]);
  for (const [id, { content }] of added) if (inVocabulary.has(content)) added.delete(id);

  // "python" or "__python__"
  const sourceLanguage = typeof config.src_lang === "string" ? config.src_lang.replace(/^__|__$/g, "") : undefined;
  const { clean_up_tokenization_spaces: clean = true } = config;
  const python = createPython(
    {
      size: pieces.length,
      has: (token) => pieceIds.has(token),
      id: (token) => own.get(token) ?? (pieceIds.get(token) ? pieceIds.get(token)! + OFFSET : unkId),
      token: (id) => owned.get(id) ?? pieces[id - OFFSET]?.piece ?? "",
      tokenize: (text) => spm.encode(text),
      join: (tokens) => strip(tokens.join("").replaceAll("\u2581", " ")),
    },
    { settings: { ...settings, config: { ...config, clean_up_tokenization_spaces: clean } }, named, extra, added },
  );
  const end = python.id(namedText(named, "eos_token"));
  return withLanguages(
    { ...python, encode: (text) => python.encode(wellFormed(text)) },
    {
      codes,
      id: (code) => own.get(tokenOf(code)),
      source: sourceOf(sourceLanguage, codes, kind === "multi" ? "en_XX" : undefined),
      around: (language) => ({ before: [], after: [end, ...language] }),
    },
  );
}
