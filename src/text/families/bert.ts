/** BERT (tokenization_bert.py): WordPiece between `[CLS]` and `[SEP]`. */

import { invalidFile, namedText, namedTokens, optionalFields, readSettings, required, unnamedTokens } from "../folder";
import type { Fields, Folder } from "../folder";
import type { Vocabulary } from "../pipeline/definition";
import { trimEnd } from "../pipeline/normalizers";
import type { Tokenizer } from "../tokenizer";
import { around } from "./around";
import { readWordPiece } from "./model-json";
import { buildPipeline, idOf } from "./source";

const TOKENS = {
  unk_token: "[UNK]",
  sep_token: "[SEP]",
  pad_token: "[PAD]",
  cls_token: "[CLS]",
  mask_token: "[MASK]",
};

export async function createBert(folder: Folder, config: Fields): Promise<Tokenizer> {
  const tokenizerJson = await optionalFields(folder, "tokenizer.json");
  const settings = await readSettings(folder, config, tokenizerJson);
  const vocab = tokenizerJson ? readWordPiece(tokenizerJson).vocab : await readLines(folder);
  const named = namedTokens(settings, TOKENS);
  const pipeline = buildPipeline({ settings }, named, unnamedTokens(settings), {
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: config.tokenize_chinese_chars,
      strip_accents: config.strip_accents,
      lowercase: config.do_lower_case,
    },
    preTokenizer: { type: "BertPreTokenizer" },
    model: {
      type: "WordPiece",
      vocab,
      unkToken: namedText(named, "unk_token"),
      continuingSubwordPrefix: "##",
      maxInputCharsPerWord: 100,
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
  });
  return around(pipeline, [idOf(pipeline, named, "cls_token")], [idOf(pipeline, named, "sep_token")]);
}

/** vocab.txt: the token of each id on a line; of equal lines the last counts. */
async function readLines(folder: Folder): Promise<Vocabulary> {
  const text = await required(folder.text("vocab.txt"), "tokenizer.json or vocab.txt", "BERT tokenizer");
  const lines = text.split("\n").map(trimEnd);
  if (lines.at(-1) === "") lines.pop();
  if (lines.length === 0) throw invalidFile("vocab.txt", "is empty");
  return new Map(lines.map((line, id) => [line, id]));
}
