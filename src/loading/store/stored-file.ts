/**
 * One file on a shelf: a folder with a journal and pieces "0", "1", ... of equal length, the last one shorter. Pieces are
 * closed as they fill, so what breaks in the middle loses at most one, and in a worker with OPFS nothing.
 */

import { readJournal, writeJournal, type Journal } from "./journal";
import type { Appender, Shelf } from "./shelf";

const PIECE_BYTES = 8 * 2 ** 20;

export class StoredFile {
  private piece?: Appender;

  private constructor(
    private readonly shelf: Shelf,
    private readonly folder: string,
    private readonly file: string,
    /** Undefined: nothing is stored. */
    public journal: Journal | undefined,
    /** Bytes that are here without a gap, from the first on. */
    public length: number,
  ) {}

  /** Looks what is here. What has no readable journal is removed. */
  static async find(shelf: Shelf, folder: string, file: string): Promise<StoredFile> {
    const journal = await readJournal(shelf, folder, file);
    if (!journal) {
      if ((await shelf.list(folder)).length > 0) await shelf.remove(folder);
      return new StoredFile(shelf, folder, file, undefined, 0);
    }
    let length = 0;
    for (let i = 0; length === i * journal.pieceBytes; i++) {
      const piece = await shelf.read(`${folder}/${i}`);
      if (!piece || piece.size === 0) break;
      length += Math.min(piece.size, journal.pieceBytes);
    }
    const { size } = journal;
    // The browser may have dropped some of it, or a disk may have lost what was written last.
    if (size !== undefined) journal.complete = length === size;
    if (size !== undefined && length > size) length = 0;
    return new StoredFile(shelf, folder, file, journal, length);
  }

  get isComplete(): boolean {
    return this.journal?.complete === true && !this.journal.missing;
  }

  /** Starts anew, with nothing but this journal. */
  async begin(facts: Omit<Journal, "version" | "file" | "pieceBytes">): Promise<void> {
    await this.remove();
    this.journal = { version: 1, file: this.file, pieceBytes: PIECE_BYTES, ...facts };
    await writeJournal(this.shelf, this.folder, this.journal);
  }

  async update(change: Partial<Journal>): Promise<void> {
    if (!this.journal) return;
    Object.assign(this.journal, change);
    await writeJournal(this.shelf, this.folder, this.journal);
  }

  /** All stored bytes from the first on. */
  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    const { pieceBytes = PIECE_BYTES } = this.journal ?? {};
    const { length } = this;
    for (let at = 0; at < length; at += pieceBytes) {
      const blob = await this.shelf.read(`${this.folder}/${at / pieceBytes}`);
      const expected = Math.min(pieceBytes, length - at);
      if (!blob || blob.size < expected) throw new Error("A part of the stored file is gone.");
      const reader = blob.slice(0, expected).stream().getReader();
      try {
        for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
      } finally {
        await reader.cancel().catch(() => undefined);
      }
    }
  }

  /** Writes after the last byte. */
  async append(bytes: Uint8Array): Promise<void> {
    const { pieceBytes = PIECE_BYTES } = this.journal ?? {};
    for (let at = 0; at < bytes.length;) {
      const within = this.length % pieceBytes;
      this.piece ??= await this.shelf.append(`${this.folder}/${Math.floor(this.length / pieceBytes)}`, within);
      const part = bytes.subarray(at, at + pieceBytes - within);
      await this.piece.write(part);
      this.length += part.length;
      at += part.length;
      if (this.length % pieceBytes === 0) await this.pause();
    }
  }

  /** Keeps what was written so far. */
  async pause(): Promise<void> {
    const { piece } = this;
    this.piece = undefined;
    await piece?.close();
  }

  async remove(): Promise<void> {
    await this.pause().catch(() => undefined);
    await this.shelf.remove(this.folder);
    this.journal = undefined;
    this.length = 0;
  }
}
