/** Turns a growing list of tokens into text that only ever grows: what was emitted is never rewritten. */

import type { Tokenizer } from "./tokenizer";

export interface TextStream {
  /** The text that this token adds; "" while a character is incomplete. */
  push(id: number): string;
  /** What was held back, at the end. */
  end(): string;
}

export function createTextStream(tokenizer: Pick<Tokenizer, "decode">): TextStream {
  const ids: number[] = [];
  let emitted = "";
  const rest = (text: string): string => {
    if (text.length <= emitted.length) return "";
    // A decoder may take back what it said (clean-up, bytes that turn out invalid). What was emitted stays, and what
    // follows it comes; the cut may not leave half of a surrogate pair.
    const added = text.slice(emitted.length);
    const whole = text.startsWith(emitted) ? added : added.replace(/^[\udc00-\udfff]/, "");
    emitted = text;
    return whole;
  };
  return {
    push(id) {
      ids.push(id);
      const text = tokenizer.decode(ids);
      // Bytes of an unfinished character decode to U+FFFD.
      return text.endsWith("\ufffd") ? "" : rest(text);
    },
    end: () => rest(tokenizer.decode(ids)),
  };
}
