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

export interface ModelFiles {
  /** Name of the folder in messages: its path, or its URL without the query, which may hold a secret. */
  readonly name: string;
  /**
   * Opens a file of the folder. Returns `undefined` if it has no file of that name.
   * @param path plain relative name, such as `config.json` or `onnx/model.json`
   * @throws ModelError `network`; `file_not_found` if the file cannot be opened or `path` leaves the folder; `signal.reason`
   * once `signal` is aborted
   */
  open(path: string, signal?: AbortSignal): Promise<OpenFile | undefined>;
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

export const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
