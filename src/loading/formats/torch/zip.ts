/**
 * Reads a zip archive forward, entry by entry, as the bytes arrive, and at the end compares its directory with the entries. So
 * the file need not be seekable, and an archive that another reader would understand differently is refused.
 *
 * Only stored (uncompressed) entries: `torch.save` writes no others. Offsets and names refer to APPNOTE.TXT of PKWARE.
 */

import { quote } from "../../../errors";
import type { ByteReader } from "../byte-reader";
import { crc32 } from "../../../util/crc32";
import { invalidWeights } from "../tensors";

const LOCAL_HEADER = 0x04034b50;
const DATA_DESCRIPTOR = 0x08074b50;
const DIRECTORY_ENTRY = 0x02014b50;
const ZIP64_END = 0x06064b50;
const ZIP64_LOCATOR = 0x07064b50;
const END = 0x06054b50;
const IN_ZIP64 = 0xffffffff;

const MAX_NAME = 1024;
/** The most bytes of a small entry whose length is not known before its end. */
const MAX_SEARCHED = 4096;

export interface ZipEntry {
  readonly name: string;
  /** Bytes of data. Undefined if the length comes only after the data. */
  readonly size?: number;
}

interface Seen {
  offset: number;
  size: number;
  crc: number;
}

interface Current extends ZipEntry {
  offset: number;
  crc?: number;
  /** Bytes of each size in the descriptor after the data; 0: no descriptor. */
  descriptor: 0 | 4 | 8;
  start: number;
  running: number;
}

export class ZipReader {
  private readonly seen = new Map<string, Seen>();
  private current?: Current;

  constructor(private readonly bytes: ByteReader) {}

  /** The next entry, with the reader at its data; `undefined` after the last one. The entry before must be closed. */
  async next(): Promise<ZipEntry | undefined> {
    const offset = this.bytes.position;
    const signature = await this.peekWord();
    if (signature !== LOCAL_HEADER) {
      if (signature === DIRECTORY_ENTRY || signature === ZIP64_END || signature === END) return undefined;
      throw this.invalid(`there is no zip entry at byte ${offset}.`);
    }
    const header = await this.record(30, "an entry's header");
    const flags = header.getUint16(6, true);
    const method = header.getUint16(8, true);
    const nameLength = header.getUint16(26, true);
    const extraLength = header.getUint16(28, true);
    const name = await this.name(nameLength);
    const extra = await this.record(extraLength, "an entry's header");
    if (this.seen.has(name)) throw this.invalid(`two entries are named ${quote(name)}.`);
    checkFeatures(flags, method, (rule) => this.invalid(`entry ${quote(name)} ${rule}`));

    const described = (flags & 8) !== 0;
    const [size, packed] = zip64Numbers(extra, [header.getUint32(22, true), header.getUint32(18, true)]);
    if (!described && size !== packed) throw this.invalid(`entry ${quote(name)} has two sizes, ${size} and ${packed}.`);
    this.current = {
      name,
      offset,
      // A writer that could not go back left zeros here.
      size: described ? undefined : size,
      crc: described ? undefined : header.getUint32(14, true),
      descriptor: !described ? 0 : findExtra(extra, 1) ? 8 : 4,
      start: this.bytes.position,
      running: 0,
    };
    const current = this.current;
    this.bytes.tap = (part) => (current.running = crc32(part, current.running));
    return this.current;
  }

  /** Ends an entry whose data has been read: checks its length and checksum. */
  async close(): Promise<void> {
    const { name, offset, size, crc, descriptor, start, running } = this.open();
    this.current = undefined;
    this.bytes.tap = undefined;
    const read = this.bytes.position - start;
    let said = size;
    let expected = crc;
    if (descriptor > 0) {
      const record = await this.record(8 + 2 * descriptor, `the descriptor of entry ${quote(name)}`);
      if (record.getUint32(0, true) !== DATA_DESCRIPTOR)
        throw this.invalid(`entry ${quote(name)} does not end after ${read} bytes.`);
      expected = record.getUint32(4, true);
      said = descriptor === 4 ? record.getUint32(12, true) : uint64(record, 16);
    }
    if (said !== read) throw this.invalid(`entry ${quote(name)} should have ${said} bytes, but has ${read}.`);
    if (expected !== running) throw this.invalid(`the data of entry ${quote(name)} does not match its checksum.`);
    this.seen.set(name, { offset, size: read, crc: running });
  }

  /** The whole data of a small entry, and closes it. If its length is not known, the first descriptor that fits ends it. */
  async small(): Promise<Uint8Array> {
    const { name, size, descriptor } = this.open();
    const tooLong = () =>
      this.invalid(`entry ${quote(name)} is longer than the ${MAX_SEARCHED} bytes that are allowed.`);
    if (size !== undefined && size > MAX_SEARCHED) throw tooLong();
    let data: Uint8Array;
    if (size !== undefined) {
      data = await this.bytes.take(size);
    } else {
      const ahead = await this.bytes.peek(MAX_SEARCHED + 8 + 2 * descriptor);
      const length = findDescriptor(ahead, descriptor);
      if (length === undefined) throw tooLong();
      data = await this.bytes.take(length);
    }
    await this.close();
    return data;
  }

  /** Skips the data of an entry of known size, and closes it. */
  async skip(): Promise<void> {
    const { name, size } = this.open();
    if (size === undefined) throw this.invalid(`the length of entry ${quote(name)} is not known.`);
    await this.bytes.skip(size);
    await this.close();
  }

  /** Compares the directory with the entries that were read, and checks that nothing follows it. */
  async finish(): Promise<void> {
    const start = this.bytes.position;
    const left = new Map(this.seen);
    let signature = await this.peekWord();
    for (; signature === DIRECTORY_ENTRY; signature = await this.peekWord()) await this.directoryEntry(left);
    for (const name of left.keys()) throw this.invalid(`its directory lacks the entry ${quote(name)}.`);
    const size = this.bytes.position - start;
    const check = (what: string, value: number, expected: number) => {
      if (value !== expected) throw this.invalid(`its directory has ${what} ${value} instead of ${expected}.`);
    };
    if (signature === ZIP64_END) {
      const end64 = this.bytes.position;
      const record = await this.record(56, "the end of its directory");
      check("length", uint64(record, 4), 44);
      check("entries", uint64(record, 32), this.seen.size);
      check("size", uint64(record, 40), size);
      check("offset", uint64(record, 48), start);
      const locator = await this.record(20, "the end of its directory");
      if (locator.getUint32(0, true) !== ZIP64_LOCATOR) throw this.invalid("its directory has no zip64 locator.");
      check("end", uint64(locator, 8), end64);
      signature = await this.peekWord();
    }
    if (signature !== END) throw this.invalid("its directory has no end.");
    const record = await this.record(22, "the end of its directory");
    // Each number is exact, or all ones if it is in the zip64 record.
    if (record.getUint16(10, true) !== 0xffff) check("entries", record.getUint16(10, true), this.seen.size);
    if (record.getUint32(12, true) !== IN_ZIP64) check("size", record.getUint32(12, true), size);
    if (record.getUint32(16, true) !== IN_ZIP64) check("offset", record.getUint32(16, true), start);
    await this.bytes.skip(record.getUint16(20, true)); // the archive's comment
    if (await this.bytes.more()) throw this.invalid("bytes follow the end of its zip directory.");
  }

  private async directoryEntry(left: Map<string, Seen>): Promise<void> {
    const record = await this.record(46, "its directory");
    const name = await this.name(record.getUint16(28, true));
    const extra = await this.record(record.getUint16(30, true), "its directory");
    await this.bytes.skip(record.getUint16(32, true)); // the entry's comment
    const entry = left.get(name);
    if (!entry || !left.delete(name))
      throw this.invalid(`its directory has an entry ${quote(name)} that the archive lacks.`);
    const fail = (rule: string) => this.invalid(`entry ${quote(name)} ${rule}`);
    checkFeatures(record.getUint16(8, true), record.getUint16(10, true), fail);
    const numbers = [record.getUint32(24, true), record.getUint32(20, true), record.getUint32(42, true)];
    const [size, packed, offset] = zip64Numbers(extra, numbers);
    const same =
      size === entry.size &&
      packed === entry.size &&
      offset === entry.offset &&
      record.getUint32(16, true) === entry.crc;
    if (!same) throw fail("differs from its entry in the directory.");
  }

  private open(): Current {
    if (!this.current) throw this.invalid("no zip entry is open.");
    return this.current;
  }

  private async name(length: number): Promise<string> {
    if (length === 0 || length > MAX_NAME) throw this.invalid(`an entry's name has ${length} bytes.`);
    const { buffer } = await this.record(length, "an entry's name");
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(buffer);
    } catch (cause) {
      throw invalidWeights(this.bytes.path, "an entry's name is not valid UTF-8.", undefined, cause);
    }
  }

  private async record(length: number, what: string): Promise<DataView> {
    const data = await this.bytes.take(length);
    if (data.length < length) throw this.invalid(`the file ends within ${what} (truncated).`);
    return new DataView(data.buffer);
  }

  private async peekWord(): Promise<number | undefined> {
    const data = await this.bytes.peek(4);
    return data.length < 4 ? undefined : new DataView(data.buffer, data.byteOffset, 4).getUint32(0, true);
  }

  private invalid(rule: string) {
    return invalidWeights(this.bytes.path, rule);
  }
}

function checkFeatures(flags: number, method: number, fail: (rule: string) => Error): void {
  if (flags & 0x2041) throw fail("is encrypted.");
  if (method !== 0)
    throw fail(`is compressed (method ${method}${method === 8 ? ", deflate" : ""}); torch.save does not compress.`);
  // Bits 1 and 2: how it was compressed; 3: a descriptor follows; 11: the name is UTF-8.
  const unknown = flags & ~0x080e;
  if (unknown) throw fail(`has the unknown flags 0x${unknown.toString(16)}.`);
}

function uint64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

/** The data of an extra field. */
function findExtra(extra: DataView, id: number): DataView | undefined {
  for (let at = 0; at + 4 <= extra.byteLength;) {
    const length = extra.getUint16(at + 2, true);
    if (at + 4 + length > extra.byteLength) return undefined;
    if (extra.getUint16(at, true) === id) return new DataView(extra.buffer, extra.byteOffset + at + 4, length);
    at += 4 + length;
  }
  return undefined;
}

/** Section 4.5.3: a number that is all ones is in the extra field instead, in this order. */
function zip64Numbers(extra: DataView, numbers: number[]): number[] {
  const field = findExtra(extra, 1);
  let at = 0;
  return numbers.map((number) => {
    if (number !== IN_ZIP64 || !field || at + 8 > field.byteLength) return number;
    at += 8;
    return uint64(field, at - 8);
  });
}

/** Finds in `ahead` a descriptor whose length and checksum fit the bytes before it. Returns where the data ends. */
function findDescriptor(ahead: Uint8Array, width: number): number | undefined {
  const view = new DataView(ahead.buffer, ahead.byteOffset, ahead.byteLength);
  for (let at = 0; at + 8 + 2 * width <= ahead.length; at++) {
    if (view.getUint32(at, true) !== DATA_DESCRIPTOR) continue;
    const size = width === 4 ? view.getUint32(at + 12, true) : uint64(view, at + 16);
    if (size === at && view.getUint32(at + 4, true) === crc32(ahead.subarray(0, at))) return at;
  }
  return undefined;
}
