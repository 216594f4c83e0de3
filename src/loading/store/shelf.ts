/**
 * Where parts of files are kept: a tree of folders with named pieces of bytes in them, which grow at their end.
 */

/** The names directly in a folder, of all paths on a shelf. */
export function namesIn(folder: string, paths: readonly string[]): string[] {
  const below = folder === "" ? "" : `${folder}/`;
  const names = paths.filter((path) => path.startsWith(below)).map((path) => path.slice(below.length).split("/")[0]);
  return [...new Set(names)];
}

/** Whether a path is that of a folder or piece, or is in the folder. */
export const isIn = (folder: string, path: string): boolean => path === folder || path.startsWith(`${folder}/`);

/** Writes at the end of one piece. */
export interface Appender {
  write(bytes: Uint8Array): void | Promise<void>;
  /** Keeps what was written. */
  close(): Promise<void>;
}

/** Paths are names that are joined with "/", of letters, digits, "-", "_" and ".". */
export interface Shelf {
  readonly place: "opfs" | "cache" | "memory";
  /** Names of the folders and pieces directly in a folder; none if there is no such folder. */
  list(folder: string): Promise<string[]>;
  read(path: string): Promise<Blob | undefined>;
  /** Puts these bytes in the place of what the piece holds. */
  write(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Opens a piece, which may exist already, to write from byte `at` on. */
  append(path: string, at: number): Promise<Appender>;
  /** Removes a folder or a piece; it may be missing. */
  remove(path: string): Promise<void>;
}
