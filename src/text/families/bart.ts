/** BART, which is RoBERTa's tokenizer (tokenization_roberta.py): byte-level BPE between `<s>` and `</s>`. */

import { createByteLevelBpe } from "./byte-level-bpe";
import { FAIRSEQ_TOKENS } from "./source";

export const createBart = createByteLevelBpe({
  name: "BART",
  defaults: FAIRSEQ_TOKENS,
  prefixSpace: false,
  ends: "class",
});
