/** Reads what stands after the instructions of a pickle: numbers, texts and lengths. The data may end before the pickle does. */

import type { ModelError } from "../../../errors";

/** The data ends before the pickle does. */
export class PickleTooShort extends Error {}

const MAX_LINE = 255;

export class PickleReader {
  /** Bytes read so far. */
  position = 0;
  private readonly view: DataView;
  private readonly utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

  /** @param fail the error of the instruction that is being run */
  constructor(
    private readonly data: Uint8Array,
    private readonly fail: (rule: string) => ModelError,
  ) {
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  /** Skips `length` bytes and returns the position of the first. @throws PickleTooShort */
  skip(length: number): number {
    const start = this.position;
    if (start + length > this.data.length) throw new PickleTooShort();
    this.position += length;
    return start;
  }

  uint8(): number {
    return this.data[this.skip(1)];
  }

  uint16(): number {
    return this.view.getUint16(this.skip(2), true);
  }

  uint32(): number {
    return this.view.getUint32(this.skip(4), true);
  }

  int32(): number {
    return this.view.getInt32(this.skip(4), true);
  }

  /** Only lengths have 8 bytes. One beyond 2^53 is rounded, and no data is that long. */
  uint64(): number {
    return Number(this.view.getBigUint64(this.skip(8), true));
  }

  /** Big-endian, unlike everything else. */
  float64(): number {
    return this.view.getFloat64(this.skip(8), false);
  }

  /**
   * A Python int of `length` bytes, little-endian in two's complement. Beyond 2^53 it is the nearest double: no length is such a
   * number, and nothing else reads one.
   */
  long(length: number): number {
    const bytes = this.bytes(length);
    if (length > 8) return bytes.reduceRight((sum, byte) => 256 * sum + byte, bytes[length - 1] > 127 ? -1 : 0);
    const value = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    return Number(BigInt.asIntN(8 * length, value));
  }

  /** Python writes lone surrogates as three bytes, which are not UTF-8. They become U+FFFD, in a text that nothing reads. */
  text(length: number): string {
    return this.utf8.decode(this.bytes(length));
  }

  /** A text that ends with a line break. */
  line(): string {
    const ahead = this.data.subarray(this.position, this.position + MAX_LINE + 1);
    const length = ahead.indexOf(10);
    if (length < 0 && ahead.length <= MAX_LINE) throw new PickleTooShort();
    if (length < 0) throw this.fail(`has a name of more than ${MAX_LINE} bytes`);
    const line = this.text(length);
    this.skip(1);
    return line;
  }

  private bytes(length: number): Uint8Array {
    return this.data.subarray(this.skip(length), this.position);
  }
}
