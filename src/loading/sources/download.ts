/**
 * Reads opened files to their end, with progress, cancellation, and checks that the transfer was complete.
 *
 * Only small files (configuration, tokenizers) are held as a whole. Weights are read chunk by chunk (`readChunks`). Retries
 * and the store of files are below it: `loading/store/`.
 */

import { messageOf, ModelError } from "../../errors";
import type { ErrorCode } from "../../errors";
import { onAbort } from "../../util/abort";
import type { ModelFiles, OpenFile } from "./files";
import { parseJson } from "./python-json";

/** The bytes of one file that have come. */
export interface DownloadProgress {
  /** Tells it from the other kinds of progress. */
  phase: "download";
  /** Name of the file in the model's folder. */
  file: string;
  /** Bytes read so far, decompressed. Never falls. */
  loaded: number;
  /** Bytes of the whole file, if known. */
  total?: number;
}

export interface DownloadOptions {
  signal?: AbortSignal;
  /** Called with 0 bytes, then after each chunk. An error that it throws ends the download. */
  onProgress?: (progress: DownloadProgress) => void;
}

export interface ReadOptions extends DownloadOptions {
  /** Larger files are refused. Bytes, default 64 MiB; the largest known tokenizer.json has about 33 MB. */
  maxBytes?: number;
  /** The code for a file that is too large, not UTF-8 or not JSON. Default "invalid_config". */
  errorCode?: ErrorCode;
}

/**
 * The bytes of a file, chunk by chunk as they arrive. Leaving the loop over them cancels the stream.
 * @param path for messages and progress
 * @throws ModelError `network` if the stream fails or delivers more or less than `file.size` bytes, `invalid_source` if it
 * delivers something other than bytes; `signal.reason` once `signal` is aborted
 */
export async function* readChunks(
  file: OpenFile,
  path: string,
  { signal, onProgress }: DownloadOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { size, expectedSize } = file;
  const failed = (message: string, cause?: unknown) =>
    new ModelError("network", `${path}: ${message}`, "Check the connection and try again.", { cause });
  let loaded = 0;
  const report = () => {
    const total = size ?? (expectedSize !== undefined && loaded <= expectedSize ? expectedSize : undefined);
    onProgress?.({ phase: "download", file: path, loaded, total });
  };

  if (file.stream.locked) throw new ModelError("invalid_source", `${path}: its stream is already being read.`);
  const reader = file.stream.getReader();
  // Cancelling also ends a read() that waits for bytes. It is not awaited, because it may take forever.
  const stop = () => void reader.cancel(signal?.reason).catch(() => {});
  const forget = onAbort(signal, stop);
  try {
    signal?.throwIfAborted();
    report();
    for (;;) {
      let result: ReadableStreamReadResult<unknown>;
      try {
        result = await reader.read();
      } catch (cause) {
        signal?.throwIfAborted();
        if (cause instanceof ModelError) throw cause;
        const reason = messageOf(cause);
        throw failed(`the transfer failed after ${loaded} bytes: ${reason}`, cause);
      }
      signal?.throwIfAborted();
      if (result.done) break;
      const chunk = result.value;
      if (!ArrayBuffer.isView(chunk))
        throw new ModelError("invalid_source", `${path}: its stream delivers ${typeof chunk} chunks, not Uint8Array.`);
      loaded += chunk.byteLength;
      if (size !== undefined && loaded > size) throw failed(`more than the announced ${size} bytes arrived.`);
      report();
      yield chunk instanceof Uint8Array ? chunk : new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    }
    if (size !== undefined && loaded < size) throw failed(`the transfer ended after ${loaded} of ${size} bytes.`);
  } finally {
    forget();
    stop();
  }
}

/**
 * A whole file, or `undefined` if the source has no file of that name.
 * @throws ModelError as {@link readChunks}, and `options.errorCode` if it is over `options.maxBytes`; `signal.reason` if aborted
 */
export async function readBytes(
  files: ModelFiles,
  path: string,
  options: ReadOptions = {},
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { maxBytes = 64 * 2 ** 20, errorCode = "invalid_config" } = options;
  const file = await files.open(path, options.signal);
  if (!file) return undefined;
  const checkSize = (size: number) => {
    if (size > maxBytes)
      throw new ModelError(errorCode, `${path}: is over the limit of ${maxBytes} bytes for such a file.`);
  };
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    checkSize(file.size ?? 0);
    for await (const chunk of readChunks(file, path, options)) {
      chunks.push(chunk);
      length += chunk.length;
      checkSize(length);
    }
  } catch (error) {
    if (!file.stream.locked) file.stream.cancel(error).catch(() => {});
    throw error;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/**
 * A whole file as text, or `undefined` if the source has no file of that name. A byte order mark is dropped.
 * @throws ModelError as {@link readBytes}, and `options.errorCode` if it is not valid UTF-8
 */
export async function readText(
  files: ModelFiles,
  path: string,
  options: ReadOptions = {},
): Promise<string | undefined> {
  const bytes = await readBytes(files, path, options);
  if (!bytes) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ModelError(options.errorCode ?? "invalid_config", `${path}: is not valid UTF-8.`, undefined, { cause });
  }
}

/**
 * A whole file as parsed JSON, or `undefined` if the source has no file of that name.
 * @throws ModelError as {@link readText}, and `options.errorCode` if it is not JSON
 */
export async function readJson(files: ModelFiles, path: string, options: ReadOptions = {}): Promise<unknown> {
  const text = await readText(files, path, options);
  if (text === undefined) return undefined;
  try {
    return parseJson(text);
  } catch (cause) {
    const reason = text.trim() === "" ? "the file is empty" : (cause as Error).message;
    throw new ModelError(options.errorCode ?? "invalid_config", `${path}: is not valid JSON: ${reason}`, undefined, {
      cause,
    });
  }
}
