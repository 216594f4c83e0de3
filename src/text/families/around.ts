/** The tokenizer of a family without languages: the ids of a text, between ids that are always the same. */

import { checkedEncodeOptions, checkedText, type Tokenizer } from "../tokenizer";
import type { FamilyPipeline } from "./source";

export function around(pipeline: FamilyPipeline, before: number[], after: number[]): Tokenizer {
  return {
    encode(text, options) {
      const { add_special_tokens } = checkedEncodeOptions(options);
      const ids = pipeline.encode(checkedText(text), add_special_tokens);
      return add_special_tokens ? [...before, ...ids, ...after] : ids;
    },
    decode: (ids) => pipeline.decode(ids),
    token: (id) => pipeline.token(id),
    unsettled: pipeline.unsettled,
  };
}
