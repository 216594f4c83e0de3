/** A folder of files that can be opened by name, and the errors of opening one. */

import { ModelError, type ErrorCode } from "../../errors";

export interface OpenFile {
  /** The bytes. The caller of `open` must read this stream to its end or cancel it. */
  stream: ReadableStream<Uint8Array>;
  /** Exact length in bytes, if known. */
  size?: number;
  /** Likely length in bytes, for progress bars only: see `fromResponse` in remote.ts. */
  expectedSize?: number;
}

/** A folder on a server. */
export interface RemoteFolder {
  /** Address of the folder with its query, and a slash at the end of the path. */
  readonly url: URL;
  /** The address of a file, which may stand under another one than `url`: a commit in the place of a branch. */
  fileUrl(path: string, base?: URL): URL;
  /** Set for a repository on the Hugging Face Hub or a mirror of it. */
  readonly hub?: { endpoint: string; repo: string; revision: string };
}

/** What is known of a file before it is read. */
export interface FileFacts {
  /** Bytes of the whole file, if known. */
  size?: number;
  /** Bytes that need not be fetched from a server: those in the store, or all of a local file. */
  stored: number;
}

/** What a manifest says of a file. */
export interface ListedFile {
  /** Bytes. */
  size: number;
  /** In hex. */
  sha256: string;
}

/** By the name of the file. */
export type ListedFiles = ReadonlyMap<string, ListedFile>;

/** What attendant.json says of a folder: manifest.ts. */
export interface Manifest {
  /** How the matrices in the weight files are packed; undefined where they are plain tensors. */
  dtype?: string;
  files: ListedFiles;
}

export interface ModelFiles {
  /** Name of the folder in messages: its path, or its URL without the query, which may hold a secret. */
  readonly name: string;
  /** Present where the files are on a server. */
  readonly remote?: RemoteFolder;
  /**
   * Opens a file of the folder. Returns `undefined` if it has no file of that name.
   * @param path plain relative name, such as `config.json` or `onnx/model.json`
   * @throws ModelError `network`; `file_not_found` if the file cannot be opened or `path` leaves the folder; `signal.reason`
   * once `signal` is aborted
   */
  open(path: string, signal?: AbortSignal): Promise<OpenFile | undefined>;
  /** What is known of a file without reading it; undefined if there is no such file. Absent where only `open` can tell. */
  facts?(path: string, signal?: AbortSignal): Promise<FileFacts | undefined>;
  /** What the folder's manifest says; undefined if it has none. Absent where no manifest is read. */
  manifest?(signal?: AbortSignal): Promise<Manifest | undefined>;
  /**
   * To be called when a load of these files has ended, with its error or with none. What may be damaged in the store is
   * deleted.
   * @returns whether to load once more: the files have changed on the server, or the stored ones were damaged
   */
  ended?(error?: unknown): Promise<boolean>;
}

const ACCEPTED =
  'Pass the URL or path of a folder, "owner/name" or { repo, revision } on the Hugging Face Hub, ' +
  "File[] or a FileList, a FileSystemDirectoryHandle, or { read(path, range, signal) }.";

export const failure = (code: ErrorCode, message: string, hint?: string, cause?: unknown) =>
  new ModelError(code, message, hint, { cause });

export const invalidSource = (message: string, cause?: unknown) => failure("invalid_source", message, ACCEPTED, cause);

/** Whether this is the "no such file" of Node or of the File System API. The user's own `read` may throw it, too. */
export function isMissing(error: unknown): boolean {
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
  return name === "NotFoundError" || name === "TypeMismatchError" || code === "ENOENT" || code === "ENOTDIR";
}
