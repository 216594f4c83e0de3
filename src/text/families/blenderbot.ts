/**
 * Blenderbot (tokenization_blenderbot.py): BART's byte-level BPE with a space before the text. What comes around the text
 * is what tokenizer.json says, `</s>` after it as a rule; the class itself, from vocab.json and merges.txt, puts nothing there.
 */

import { addedToken, namedTokens, optionalFields, readSettings, type Fields, type Folder } from "../folder";
import { component } from "../pipeline/definition";
import { checkedLanguages, checkedText, type Tokenizer } from "../tokenizer";
import { bosAndEos } from "./bos-eos";
import { readBpeOf } from "./model-json";
import { build, FAIRSEQ_TOKENS } from "./source";

export async function createBlenderbot(folder: Folder, config: Fields): Promise<Tokenizer> {
  const tokenizerJson = await optionalFields(folder, "tokenizer.json");
  const settings = await readSettings(folder, config, tokenizerJson);
  const { vocab, merges } = await readBpeOf(folder, tokenizerJson, "Blenderbot tokenizer without tokenizer.json");
  const named = namedTokens(settings, FAIRSEQ_TOKENS);
  const mask = named.get("mask_token");
  if (typeof mask === "string") {
    named.set("mask_token", addedToken(mask, { lstrip: true, normalized: false, special: true }));
  }
  const processor = tokenizerJson?.post_processor;
  const pipeline = build({ settings }, named, settings.extra ?? settings.additional ?? [], {
    preTokenizer: { type: "ByteLevel", add_prefix_space: config.add_prefix_space !== false },
    model: { type: "BPE", vocab, merges, fuseUnk: false, byteFallback: false, ignoreMerges: false },
    postProcessor: processor ? component(processor, "post-processor") : undefined,
    decoder: { type: "ByteLevel" },
  });
  const { before, after } = bosAndEos(tokenizerJson ? {} : config, named, (token) => pipeline.id(token));
  return {
    encode(text, options) {
      checkedLanguages(options);
      return [...before, ...pipeline.encode(checkedText(text)), ...after];
    },
    decode: (ids) => pipeline.decode(ids),
    token: (id) => pipeline.token(id),
  };
}
