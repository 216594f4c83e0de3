/** UTF-8 in and out, and a list of bytes that grows. */

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A lone surrogate becomes U+FFFD. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** Each maximal part of an invalid sequence becomes one U+FFFD, as in Rust's `from_utf8_lossy`. */
export const fromUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes);

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
