/**
 * What is written down about a stored file, beside its pieces: which revision of it they are, and whether they are all. How
 * many bytes there are is not written down, since the pieces themselves say it. So a crash leaves nothing that contradicts.
 */

import type { Shelf } from "./shelf";

export interface Journal {
  version: 1;
  /** Name of the file in the model's folder. */
  file: string;
  /** Which contents these are: "sha256:" or "git:" and the Hub's hash, "etag:" or "date:" and what the server says. */
  revision?: string;
  /** Bytes of the whole file, if the server said so. */
  size?: number;
  /** Likely length in bytes, as `expectedSize` of an open file. */
  expectedSize?: number;
  /** Bytes of every piece but the last. */
  pieceBytes: number;
  /** Whether all bytes are here. */
  complete: boolean;
  /** The server has no such file: what a page without network must know, too. */
  missing?: boolean;
  /** SHA-256 of the whole file in hex, once it was computed. */
  sha256?: string;
}

const NAME = "journal.json";

const isText = (value: unknown): boolean => value === undefined || typeof value === "string";
const isCount = (value: unknown): boolean => value === undefined || (Number.isSafeInteger(value) && Number(value) >= 0);
const isFlag = (value: unknown): boolean => value === undefined || typeof value === "boolean";

/** Whether this can be the journal of a file of this name; anything else is corrupt. */
function isJournal(value: unknown, file: string): value is Journal {
  if (typeof value !== "object" || value === null) return false;
  const { version, file: name, pieceBytes, complete, revision, size, expectedSize, missing, sha256 } = value as Journal;
  const known = version === 1 && name === file && Number.isSafeInteger(pieceBytes) && pieceBytes > 0;
  return (
    known &&
    typeof complete === "boolean" &&
    [revision, sha256].every(isText) &&
    [size, expectedSize].every(isCount) &&
    isFlag(missing)
  );
}

/** The journal in a folder of the shelf; undefined where there is none, or one that cannot be understood. */
export async function readJournal(shelf: Shelf, folder: string, file: string): Promise<Journal | undefined> {
  try {
    const text = await (await shelf.read(`${folder}/${NAME}`))?.text();
    const value: unknown = text === undefined ? undefined : JSON.parse(text);
    return isJournal(value, file) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function writeJournal(shelf: Shelf, folder: string, journal: Journal): Promise<void> {
  return shelf.write(`${folder}/${NAME}`, new TextEncoder().encode(JSON.stringify(journal)));
}
