/** BART, which is RoBERTa's tokenizer (tokenization_roberta.py): byte-level BPE between `<s>` and `</s>`. */

import { invalidFile, namedTokens, optionalFields, readSettings, required, type Fields, type Folder } from "../folder";
import type { Tokenizer } from "../tokenizer";
import { checkedLanguages, checkedText } from "../tokenizer";
import { readBpe, readMerges, readVocabulary } from "./model-json";
import { build, FAIRSEQ_TOKENS, idOf } from "./source";

export async function createBart(folder: Folder, config: Fields): Promise<Tokenizer> {
  const tokenizerJson = await optionalFields(folder, "tokenizer.json");
  const settings = await readSettings(folder, config, tokenizerJson);
  const { vocab, merges } = await readBpeOf(folder, tokenizerJson, "BART tokenizer without tokenizer.json");
  const named = namedTokens(settings, FAIRSEQ_TOKENS);
  const pipeline = build({ settings }, named, settings.extra ?? settings.additional ?? [], {
    preTokenizer: { type: "ByteLevel", add_prefix_space: config.add_prefix_space === true },
    model: { type: "BPE", vocab, merges, fuseUnk: false, byteFallback: false, ignoreMerges: false },
    decoder: { type: "ByteLevel" },
  });
  const start = idOf(pipeline, named, "cls_token");
  const end = idOf(pipeline, named, "sep_token");
  return {
    encode(text, options) {
      checkedLanguages(options);
      return [start, ...pipeline.encode(checkedText(text)), end];
    },
    decode: (ids) => pipeline.decode(ids),
    token: (id) => pipeline.token(id),
  };
}

/** The vocabulary and the merges: of tokenizer.json, or of vocab.json and merges.txt. */
export async function readBpeOf(folder: Folder, tokenizerJson: Fields | undefined, kind: string) {
  if (tokenizerJson) return readBpe(tokenizerJson);
  const vocab = readVocabulary(await required(folder.json("vocab.json"), "vocab.json", kind), "vocab.json");
  const lines = (await required(folder.text("merges.txt"), "merges.txt", kind)).split(/\r?\n/);
  if (lines[0].startsWith("#version")) lines.shift();
  if (lines.at(-1) === "") lines.pop();
  if (lines.length === 0) throw invalidFile("merges.txt", "is empty");
  return { vocab, merges: readMerges(lines, "merges.txt") };
}
