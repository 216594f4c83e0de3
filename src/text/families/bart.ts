/** BART, which is RoBERTa's tokenizer (tokenization_roberta.py): byte-level BPE between `<s>` and `</s>`. */

import { namedTokens, optionalFields, readSettings, type Fields, type Folder } from "../folder";
import type { Tokenizer } from "../tokenizer";
import { checkedLanguages, checkedText } from "../tokenizer";
import { readBpeOf } from "./model-json";
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
