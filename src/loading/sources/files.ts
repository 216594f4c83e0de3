/** A folder of files that can be opened by name, wherever it is; and what opening one says when it fails. */

import { ModelError, type ErrorCode } from "../../errors";

export interface OpenFile {
  /** The bytes. Whoever opened the file must read this stream to its end or cancel it. */
  stream: ReadableStream<Uint8Array>;
  /** Exact length in bytes, where known. */
  size?: number;
  /** Length in bytes where it is only likely, for progress bars: see `fromResponse` in remote.ts. */
  expectedSize?: number;
}

export interface ModelFiles {
  /** What to call this source in messages: its URL (without query, which may hold a secret) or path. */
  readonly name: string;
  /**
   * Opens a file of the folder; `undefined` when there is none of that name.
   * @param path plain relative name, such as `config.json` or `onnx/model.json`
   * @throws ModelError `network`, or `file_not_found` where the file can't be opened or `path` leaves the folder;
   * `signal.reason` once `signal` is aborted
   */
  open(path: string, signal?: AbortSignal): Promise<OpenFile | undefined>;
}

const ACCEPTED =
  'Pass the URL or path of a folder, "owner/name" or { repo, revision } on the Hugging Face Hub, ' +
  "File[] or a FileList, a FileSystemDirectoryHandle, or { read(path, range, signal) }.";

export const failure = (code: ErrorCode, message: string, hint?: string, cause?: unknown) =>
  new ModelError(code, message, hint, { cause });

export const invalidSource = (message: string, cause?: unknown) => failure("invalid_source", message, ACCEPTED, cause);

/** What Node and the File System API say for "no such file", be it also thrown by the user's own `read`. */
export function isMissing(error: unknown): boolean {
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
  return name === "NotFoundError" || name === "TypeMismatchError" || code === "ENOENT" || code === "ENOTDIR";
}

export const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
