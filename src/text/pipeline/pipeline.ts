/**
 * Text to ids and back as the Python tokenizers library does it: added tokens, normalizer, pre-tokenizer, model,
 * post-processor, decoder.
 */

import { wellFormed } from "../bytes";
import { createAddedVocabulary } from "./added-vocabulary";
import { createDecode } from "./decoders";
import type { Definition } from "./definition";
import { createModel } from "./models";
import { createNormalizer } from "./normalizers";
import { createPostProcess } from "./post-processors";
import { createPreTokenize } from "./pre-tokenizers";

export interface Pipeline {
  /** Ids of the text and, where there is a post-processor, those around it. `addSpecialTokens`: default true. */
  encode(text: string, addSpecialTokens?: boolean): number[];
  /** Text without special tokens; ids that do not exist are left out. */
  decode(ids: readonly number[]): string;
  /** The same with the special tokens. */
  decodeWithSpecial(ids: readonly number[]): string;
  id(token: string): number | undefined;
  /** Empty for an id that does not exist. */
  token(id: number): string;
}

/** @throws ModelError `invalid_tokenizer` */
export function createPipeline(definition: Definition): Pipeline {
  const normalizer = definition.normalizer && createNormalizer(definition.normalizer);
  const preTokenize = definition.preTokenizer && createPreTokenize(definition.preTokenizer);
  const postProcess = definition.postProcessor && createPostProcess(definition.postProcessor);
  const decodeChain = definition.decoder && createDecode(definition.decoder);
  const model = createModel(definition.model);
  const batches = [definition.ownTokens ?? [], definition.addedTokens];
  const added = createAddedVocabulary(batches, model, normalizer, definition.splitSpecialTokens ?? false);
  const token = (id: number) => added.token(id) ?? model.token(id);

  const textOf = (ids: readonly number[], isWanted: (token: string) => boolean): string => {
    const tokens = ids.map(token).filter((own): own is string => own !== undefined && isWanted(own));
    return decodeChain ? decodeChain(tokens).join("") : tokens.join(" ");
  };

  return {
    encode(text, addSpecialTokens = true) {
      const out: number[] = [];
      for (const part of added.split(wellFormed(text))) {
        if ("id" in part) {
          out.push(part.id);
          continue;
        }
        for (const word of preTokenize ? preTokenize(part) : [part]) {
          for (const id of model.encode(word.text)) out.push(id);
        }
      }
      return postProcess && addSpecialTokens ? postProcess([out]).flat() : out;
    },
    decode: (ids) => textOf(ids, (own) => !added.isSpecial(own)),
    decodeWithSpecial: (ids) => textOf(ids, () => true),
    id: (name) => added.id(name) ?? model.id(name),
    token: (id) => token(id) ?? "",
  };
}
