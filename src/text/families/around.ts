/** The tokenizer of a family without languages: the ids of a text, between ids that are always the same. */

import { checkedLanguages, checkedText, type Tokenizer } from "../tokenizer";
import type { build } from "./source";

export function around(pipeline: ReturnType<typeof build>, before: number[], after: number[]): Tokenizer {
  return {
    encode(text, options) {
      checkedLanguages(options);
      return [...before, ...pipeline.encode(checkedText(text)), ...after];
    },
    decode: (ids) => pipeline.decode(ids),
    token: (id) => pipeline.token(id),
    unsettled: pipeline.unsettled,
  };
}
