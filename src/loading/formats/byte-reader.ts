/**
 * A file's bytes in order, in the portions that a format asks for, however the stream cuts them.
 *
 * It holds one chunk of the stream and what it was asked for, never the file. A length that a file only claims is not
 * allocated: where the file's size is not known to be enough, arrays grow as the bytes come.
 */

import { ModelError } from "../../errors";
import { readChunks, type DownloadOptions } from "../sources/download";
import type { OpenFile } from "../sources/files";

export class ByteReader {
  /** Bytes read so far. */
  position = 0;
  /** Called with all that is read, for checksums. */
  tap?: (bytes: Uint8Array) => void;
  private readonly chunks: AsyncGenerator<Uint8Array, void, undefined>;
  private readonly expected: number;
  private rest: Uint8Array = new Uint8Array(0);
  private scratch: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  /** @param path for messages and progress */
  constructor(
    file: OpenFile,
    readonly path: string,
    readonly options: DownloadOptions = {},
  ) {
    this.chunks = readChunks(file, path, options);
    this.expected = file.size ?? file.expectedSize ?? 0;
  }

  /** The next `length` bytes in an array of their own, fewer at the end of the file. */
  async take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.collect(length, new Uint8Array(0));
    // Growing may have left room at the end of a file that is too short.
    return bytes.length === bytes.buffer.byteLength ? bytes : bytes.slice();
  }

  /** Like `take`, in memory that the next call uses again. */
  async borrow(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.collect(length, this.scratch);
    if (bytes.buffer !== this.scratch.buffer) this.scratch = new Uint8Array(bytes.buffer);
    return bytes;
  }

  /** The next `length` bytes, fewer at the end of the file, without reading past them. */
  async peek(length: number): Promise<Uint8Array> {
    const parts = [this.rest];
    let have = this.rest.length;
    while (have < length) {
      const next = await this.chunks.next();
      if (next.done) break;
      parts.push(next.value);
      have += next.value.length;
    }
    if (parts.length > 1) {
      this.rest = this.allocate(have);
      let at = 0;
      for (const part of parts) {
        this.rest.set(part, at);
        at += part.length;
      }
    }
    return this.rest.subarray(0, length);
  }

  /** Reads past `length` bytes; returns how many there were. */
  skip(length: number): Promise<number> {
    return this.fill(length);
  }

  /** Whether there is a byte left. */
  async more(): Promise<boolean> {
    while (this.rest.length === 0) {
      const next = await this.chunks.next();
      if (next.done) return false;
      this.rest = next.value;
    }
    return true;
  }

  /** Cancels the stream unless it is at its end. */
  async close(): Promise<void> {
    await this.chunks.return();
  }

  /** Fills `into`, or a larger array where `length` bytes do not fit it. */
  private async collect(length: number, into: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    let bytes = into;
    if (length > bytes.length && length <= this.expected) bytes = this.allocate(length);
    const filled = await this.fill(length, (needed) => {
      if (needed > bytes.length) {
        const larger = this.allocate(Math.min(length, Math.max(needed, 2 * bytes.length)));
        larger.set(bytes);
        bytes = larger;
      }
      return bytes;
    });
    return bytes.subarray(0, filled);
  }

  /** @param target the array to fill, once it is known that `needed` bytes are there to go into it */
  private async fill(length: number, target?: (needed: number) => Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < length && (await this.more())) {
      const part = this.rest.subarray(0, length - filled);
      this.tap?.(part);
      target?.(filled + part.length).set(part, filled);
      this.rest = this.rest.subarray(part.length);
      filled += part.length;
    }
    this.position += filled;
    return filled;
  }

  private allocate(length: number): Uint8Array<ArrayBuffer> {
    try {
      return new Uint8Array(length);
    } catch (cause) {
      const message = `${this.path}: the ${length} bytes at position ${this.position} can't be allocated.`;
      throw new ModelError("out_of_memory", message, undefined, { cause });
    }
  }
}
