/** GPT-2 (tokenization_gpt2.py): byte-level BPE with nothing around a text. */

import { namedTokens, optionalFields, readSettings, type Fields, type Folder } from "../folder";
import { component } from "../pipeline/definition";
import { checkedLanguages, checkedText, type Tokenizer } from "../tokenizer";
import { bosAndEos } from "./bos-eos";
import { readBpeOf } from "./model-json";
import { build } from "./source";

const TOKENS = { bos_token: "<|endoftext|>", eos_token: "<|endoftext|>", unk_token: "<|endoftext|>" };

export async function createGpt2(folder: Folder, config: Fields): Promise<Tokenizer> {
  const tokenizerJson = await optionalFields(folder, "tokenizer.json");
  const settings = await readSettings(folder, config, tokenizerJson);
  const { vocab, merges } = await readBpeOf(folder, tokenizerJson, "GPT-2 tokenizer without tokenizer.json");
  const named = namedTokens(settings, TOKENS);
  const processor = tokenizerJson?.post_processor;
  const pipeline = build({ settings }, named, settings.extra ?? settings.additional ?? [], {
    preTokenizer: { type: "ByteLevel", add_prefix_space: config.add_prefix_space === true },
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
