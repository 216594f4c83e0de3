/** GPT-2's alphabet: one printable character for each byte (`bytes_to_unicode` of its encoder.py). */

import { fromUtf8, utf8 } from "../bytes";

const printable = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);

/** The character of each byte: itself where it can be seen, else one from U+0100 on. */
const byteCharacters: readonly string[] = (() => {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
})();

const bytes = new Map(byteCharacters.map((character, byte) => [character, byte]));

/** The bytes of a text in that alphabet. */
export function toByteCharacters(text: string): string {
  let out = "";
  for (const byte of utf8(text)) out += byteCharacters[byte];
  return out;
}

/** Text of tokens in that alphabet; a token with any other character stands for itself. */
export function decodeByteLevel(tokens: readonly string[]): string {
  const out: number[] = [];
  for (const token of tokens) {
    const own = Array.from(token, (c) => bytes.get(c));
    for (const byte of own.includes(undefined) ? utf8(token) : (own as number[])) out.push(byte);
  }
  return fromUtf8(Uint8Array.from(out));
}
