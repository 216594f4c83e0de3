/**
 * Text to ids and back as the Python tokenizers library does it: added tokens, normaliser, pre-tokenizer, model, decoder.
 * Special tokens around the text (the post-processor) are the business of the family that uses it.
 */

import { wellFormed } from "../bytes";
import { createAddedVocabulary } from "./added-vocabulary";
import { createDecode } from "./decoders";
import type { Definition } from "./definition";
import { createModel } from "./models";
import { optionalNormalize } from "./normalizers";
import { createPreTokenize } from "./pre-tokenizers";

export interface Pipeline {
  encode(text: string): number[];
  /** Text without special tokens; ids that there are not are left out. */
  decode(ids: readonly number[]): string;
  id(token: string): number | undefined;
  /** Empty for an id that there is not. */
  token(id: number): string;
}

/** @throws UnsupportedComponent; ModelError `invalid_tokenizer` */
export function createPipeline(definition: Definition): Pipeline {
  const normalize = optionalNormalize(definition.normalizer);
  const preTokenize = definition.preTokenizer && createPreTokenize(definition.preTokenizer);
  const decodeChain = definition.decoder && createDecode(definition.decoder);
  const model = createModel(definition.model);
  const added = createAddedVocabulary(definition.addedTokens, model, normalize);
  const token = (id: number) => added.token(id) ?? model.token(id);

  return {
    encode(text) {
      const out: number[] = [];
      for (const part of added.split(wellFormed(text))) {
        if ("id" in part) {
          out.push(part.id);
          continue;
        }
        for (const word of preTokenize ? preTokenize(part.text, part.first) : [part.text]) {
          for (const id of model.encode(word)) out.push(id);
        }
      }
      return out;
    },
    decode(ids) {
      const tokens: string[] = [];
      for (const id of ids) {
        const own = token(id);
        if (own !== undefined && !added.isSpecial(own)) tokens.push(own);
      }
      return decodeChain ? decodeChain(tokens).join("") : tokens.join(" ");
    },
    id: (name) => added.id(name) ?? model.id(name),
    token: (id) => token(id) ?? "",
  };
}
