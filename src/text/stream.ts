/** Turns a growing list of tokens into text that only grows: emitted text is never changed. */

import type { Tokenizer } from "./tokenizer";

export interface TextStream {
  /** The text that this token adds; "" while a character is incomplete. What later tokens may change is held back. */
  push(id: number): string;
  /** After the last token: the text that was held back. */
  end(): string;
}

export function createTextStream(tokenizer: Pick<Tokenizer, "decode" | "unsettled">): TextStream {
  const ids: number[] = [];
  let emitted = "";
  const rest = (text: string): string => {
    if (text.length <= emitted.length) return "";
    // A decoder may change earlier text (clean-up, bytes that turn out invalid). Emitted text stays, and what comes after it is
    // emitted. The cut must not leave half of a surrogate pair.
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
      if (text.endsWith("\ufffd")) return "";
      return rest(tokenizer.unsettled ? text.replace(tokenizer.unsettled, "") : text);
    },
    end: () => rest(tokenizer.decode(ids)),
  };
}

/** The text of the new tokens of a sequence: what a stream of them adds up to. */
export function textOf(tokenizer: Pick<Tokenizer, "decode" | "unsettled">, tokens: readonly number[]): string {
  const stream = createTextStream(tokenizer);
  return tokens.map((token) => stream.push(token)).join("") + stream.end();
}
