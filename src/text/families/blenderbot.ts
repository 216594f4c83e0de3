/**
 * Blenderbot (tokenization_blenderbot.py): BART's byte-level BPE with a space before the text. What comes around the text
 * is what tokenizer.json says, `</s>` after it as a rule; the class itself, from vocab.json and merges.txt, puts nothing there.
 */

import { addedToken, namedTokens, optionalFields, readSettings, type Fields, type Folder } from "../folder";
import { component } from "../pipeline/definition";
import { checkedLanguages, checkedText, type Tokenizer } from "../tokenizer";
import { readBpeOf } from "./bart";
import { postProcess } from "./generic";
import { build, FAIRSEQ_TOKENS, idOf } from "./source";

export async function createBlenderbot(folder: Folder, config: Fields): Promise<Tokenizer> {
  const tokenizerJson = await optionalFields(folder, "tokenizer.json");
  const settings = await readSettings(folder, config, tokenizerJson);
  const { vocab, merges } = await readBpeOf(folder, tokenizerJson, "Blenderbot tokenizer without tokenizer.json");
  const named = namedTokens(settings, FAIRSEQ_TOKENS);
  const mask = named.get("mask_token");
  if (typeof mask === "string") {
    named.set("mask_token", addedToken(mask, { lstrip: true, normalized: false, special: true }));
  }
  const pipeline = build({ settings }, named, settings.extra ?? settings.additional ?? [], {
    preTokenizer: { type: "ByteLevel", add_prefix_space: config.add_prefix_space !== false },
    model: { type: "BPE", vocab, merges, fuseUnk: false, byteFallback: false, ignoreMerges: false },
    decoder: { type: "ByteLevel" },
  });
  const flagged = (name: "bos_token" | "eos_token") =>
    config[`add_${name}`] === true ? [idOf(pipeline, named, name)] : [];
  const processor = tokenizerJson?.post_processor;
  // Either of the two flags makes the class write the post-processor anew.
  const byFlags = config.add_bos_token !== undefined || config.add_eos_token !== undefined || !processor;
  const { before, after } = byFlags
    ? { before: flagged("bos_token"), after: flagged("eos_token") }
    : postProcess(component(processor, "post_processor"));
  return {
    encode(text, options) {
      checkedLanguages(options);
      return [...before, ...pipeline.encode(checkedText(text)), ...after];
    },
    decode: (ids) => pipeline.decode(ids),
    token: (id) => pipeline.token(id),
  };
}
