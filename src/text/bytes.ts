/** Conversion to and from UTF-8, and a growing list of bytes. */

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A lone surrogate becomes U+FFFD. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** Each maximal part of an invalid sequence becomes one U+FFFD, as in Rust's `from_utf8_lossy`. */
export const fromUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes);

/** Lone surrogates become U+FFFD, as they do on the way to UTF-8. */
export const wellFormed = (text: string): string => text.replace(/\p{Cs}/gu, "\ufffd");

/** Decodes UTF-8. Each byte outside of a valid character becomes `invalid`: "\ufffd", or "" to leave it out. */
export function fromUtf8ByByte(bytes: Uint8Array, invalid: string): string {
  let out = "";
  for (let at = 0; at < bytes.length;) {
    const length = validLength(bytes, at);
    out += length === 0 ? invalid : fromUtf8(bytes.subarray(at, at + length));
    at += length || 1;
  }
  return out;
}

/** Number of bytes of the UTF-8 character at `at`; 0 if it is not valid. */
function validLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at];
  const length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length < 2 || at + length > bytes.length) return length === 1 ? 1 : 0;
  for (let i = 1; i < length; i++) if ((bytes[at + i] & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1];
  // Overlong forms, surrogates, and code points above U+10FFFF.
  if ((lead === 0xe0 && second < 0xa0) || (lead === 0xed && second > 0x9f)) return 0;
  if ((lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second > 0x8f)) return 0;
  return length;
}

/** The token that stands for a byte: "<0x0A>". */
export const byteToken = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;

export class ByteList {
  length = 0;
  private bytes: Uint8Array;

  constructor(capacity = 64) {
    this.bytes = new Uint8Array(capacity);
  }

  push(source: Uint8Array, start = 0, end = source.length): void {
    if (this.length + end - start > this.bytes.length) {
      const grown = new Uint8Array(2 * this.bytes.length + end - start);
      grown.set(this.bytes);
      this.bytes = grown;
    }
    for (let i = start; i < end; i++) this.bytes[this.length++] = source[i];
  }

  endsWith(suffix: Uint8Array): boolean {
    const from = this.length - suffix.length;
    return from >= 0 && suffix.every((byte, i) => this.bytes[from + i] === byte);
  }

  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}
