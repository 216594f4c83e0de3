/**
 * Blenderbot (tokenization_blenderbot.py): BART's byte-level BPE with a space before the text. What comes around the text
 * is what tokenizer.json says, `</s>` after it as a rule; the class itself, from vocab.json and merges.txt, puts nothing there.
 */

import { addedToken } from "../folder";
import { createByteLevelBpe } from "./byte-level-bpe";
import { FAIRSEQ_TOKENS } from "./source";

export const createBlenderbot = createByteLevelBpe({
  name: "Blenderbot",
  defaults: FAIRSEQ_TOKENS,
  prefixSpace: true,
  ends: "files",
  adjust(named) {
    const mask = named.get("mask_token");
    if (typeof mask !== "string") return;
    named.set("mask_token", addedToken(mask, { lstrip: true, normalized: false, special: true }));
  },
});
