/**
 * Reads the bytes of a stream in portions of any length, whatever the sizes of its chunks.
 *
 * It holds one chunk and the requested portion, never the whole file. A length from a file may be a lie: if the file is not
 * known to be that long, the array grows as the bytes arrive.
 */

import { ModelError } from "../../errors";
import { readChunks, type DownloadOptions } from "../sources/download";
import type { OpenFile } from "../sources/files";

export class ByteReader {
  /** Bytes read so far. */
  position = 0;
  /** Called with all bytes that are read, for checksums. */
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

  /** The next `length` bytes in a new array; fewer at the end of the file. */
  async take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.collect(length, new Uint8Array(0));
    // An array that grew may be larger than a file that is too short.
    return bytes.length === bytes.buffer.byteLength ? bytes : bytes.slice();
  }

  /** Like `take`, but the next call uses the same memory again. */
  async borrow(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.collect(length, this.scratch);
    if (bytes.buffer !== this.scratch.buffer) this.scratch = new Uint8Array(bytes.buffer);
    return bytes;
  }

  /** The next `length` bytes without moving past them; fewer at the end of the file. */
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

  /** Skips `length` bytes. Returns how many there were before the end of the file. */
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

  /** Cancels the stream if it has not ended. */
  async close(): Promise<void> {
    await this.chunks.return();
  }

  /** Reads into `into`, or into a larger array if `length` bytes do not fit. */
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

  /** @param target returns the array to fill; it is called when `needed` bytes have arrived */
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
      const message = `${this.path}: the ${length} bytes at position ${this.position} could not be allocated.`;
      throw new ModelError("out_of_memory", message, undefined, { cause });
    }
  }
}
