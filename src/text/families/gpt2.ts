/** GPT-2 (tokenization_gpt2.py): byte-level BPE with nothing around a text. */

import { createByteLevelBpe } from "./byte-level-bpe";

export const createGpt2 = createByteLevelBpe({
  name: "GPT-2",
  defaults: { bos_token: "<|endoftext|>", eos_token: "<|endoftext|>", unk_token: "<|endoftext|>" },
  prefixSpace: false,
  ends: "files",
});
