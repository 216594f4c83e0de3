/** Text as the pieces of a SentencePiece model expect it: `Normalizer::Normalize` of sentencepiece's normalizer.cc. */

import { ByteList, fromUtf8, utf8 } from "../bytes";
import type { Trie } from "../trie";
import { Charsmap } from "./charsmap";
import type { NormalizerSpec } from "./proto";

/** U+2581, which stands for a space in pieces. */
export const SPACE_SYMBOL = "\u2581";
const symbol = utf8(SPACE_SYMBOL);
const SPACE = 0x20;
const space = Uint8Array.of(SPACE);

/** Bytes of the UTF-8 character that begins with `lead`. */
const characterLength = (lead: number) => (lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4);

/**
 * @param userDefined the user-defined pieces by their bytes, which no rule may change
 * @throws ModelError `invalid_tokenizer` where the character map is malformed
 */
export function createNormalizer(
  spec: NormalizerSpec,
  treatWhitespaceAsSuffix: boolean,
  userDefined: Trie | undefined,
  file: string,
): (text: string) => string {
  const charsmap = spec.charsmap.length > 0 ? new Charsmap(spec.charsmap, file) : undefined;
  const spaceSymbol = spec.escapeWhitespaces ? symbol : space;
  const found = { start: 0, end: 0 };

  return (text) => {
    const input = utf8(text);
    let at = 0;
    // What the next characters of the input become: `from[start .. end)`.
    let from = input;
    let start = 0;
    let end = 0;
    /** Takes one rule's worth of input. */
    const take = (): void => {
      let length = userDefined?.longestBytes(input, at) ?? 0;
      if (length === 0 && charsmap) {
        length = charsmap.longest(input, at, found);
        if (length > 0) {
          from = charsmap.replacement(found.start, found.end);
          start = 0;
          end = from.length;
          at += length;
          return;
        }
      }
      from = input;
      start = at;
      at += length || characterLength(input[at]);
      end = at;
    };

    // Spaces at the beginning go, where extra spaces do.
    let pending = false;
    if (spec.removeExtraWhitespaces) {
      while (at < input.length) {
        take();
        pending = !(end - start === 1 && from[start] === SPACE);
        if (pending) break;
      }
      if (!pending) return "";
    } else if (at === input.length) {
      return "";
    }

    const out = new ByteList(input.length + 16);
    if (spec.addDummyPrefix && !treatWhitespaceAsSuffix) out.push(spaceSymbol);
    let afterSpace = spec.removeExtraWhitespaces;
    while (pending || at < input.length) {
      if (!pending) take();
      pending = false;
      while (afterSpace && start < end && from[start] === SPACE) start++;
      if (start < end) {
        for (let i = start; i < end; i++) {
          if (from[i] === SPACE) out.push(spaceSymbol);
          else out.push(from, i, i + 1);
        }
        afterSpace = from[end - 1] === SPACE;
      }
      if (!spec.removeExtraWhitespaces) afterSpace = false;
    }
    if (spec.removeExtraWhitespaces) while (out.endsWith(spaceSymbol)) out.length -= spaceSymbol.length;
    if (spec.addDummyPrefix && treatWhitespaceAsSuffix) out.push(spaceSymbol);
    return fromUtf8(out.view());
  };
}
