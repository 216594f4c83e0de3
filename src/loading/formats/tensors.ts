/** What the readers of weight files deliver, whatever the format. */

import { ModelError, quote } from "../../errors";
import type { ByteReader } from "./byte-reader";
import { BYTES_PER_ELEMENT, isDType, type DType } from "./dtypes";
import type { DownloadOptions } from "../sources/download";

export interface TensorInfo {
  name: string;
  /** As safetensors names it; any that the format knows, since a file may hold more than the model reads. */
  dtype: string;
  /** Empty for a scalar; may hold zeros. */
  shape: number[];
  /** The name of an earlier tensor that this one shares its memory with, as tied matrices do in a `.bin`. */
  sameAs?: string;
}

/** Some rows of a tensor. A small tensor comes in one piece, one without elements in one empty piece. */
export interface TensorPiece {
  /** The file that it is from, for messages. */
  file: string;
  name: string;
  dtype: DType;
  /** Of the whole tensor. */
  shape: number[];
  /** The first element; whole rows of the last dimension from here on. */
  start: number;
  /** Little-endian, row-major, aligned for any view. Good until the next piece is asked for. */
  data: Uint8Array<ArrayBuffer>;
}

/** Whether a tensor's data is needed. */
export type Wanted = (name: string) => boolean;

export interface WeightOptions extends DownloadOptions {
  /**
   * Called once with all tensors, in file order, before the first is read. What it throws ends the reading. It may
   * return which tensors are wanted; the others are passed over, and only they may have a dtype that is not read.
   */
  onHeader?: (tensors: TensorInfo[]) => Wanted | void;
  /** Called with the entries of a file that are not tensors, which nothing reads. */
  onUnread?: (file: string, names: string[]) => void;
  /** Stop after the header. */
  headerOnly?: boolean;
}

/** Bytes of a piece, unless one row is longer. Large enough that calls do not count, small beside any model. */
export const PIECE_BYTES = 4 * 2 ** 20;

export const invalidWeights = (path: string, rule: string, hint?: string, cause?: unknown) =>
  new ModelError("invalid_weights", `${path}: ${rule}`, hint, { cause });

export const tensorError = (path: string, name: string, rule: string) =>
  invalidWeights(path, `tensor ${quote(name)}: ${rule}`);

/** Cut, since a hostile name may be as long as the file. */

/** What a file may be that begins with text; undefined where it does not. */
export function textHint(start: Uint8Array): string | undefined {
  const text = String.fromCharCode(...start);
  const isText = /^[\x20-\x7e\s]{8,}$/.test(text);
  return isText ? `It begins with "${text}": perhaps a Git LFS pointer or a web page.` : undefined;
}

export const product = (shape: readonly number[]): number => shape.reduce((result, n) => result * n, 1);

export const shapeOf = (shape: readonly number[]) => `[${shape.slice(0, 8).join(", ")}]`;

/** Calls `onHeader` and refuses wanted tensors of a dtype that is not read. */
export function announce(path: string, tensors: TensorInfo[], options: WeightOptions): Wanted {
  const wanted = options.onHeader?.(tensors) ?? (() => true);
  for (const { name, dtype } of tensors) {
    if (isDType(dtype) || !wanted(name)) continue;
    throw tensorError(
      path,
      name,
      `dtype ${dtype} is not supported; supported are ${Object.keys(BYTES_PER_ELEMENT).join(", ")}.`,
    );
  }
  return wanted;
}

/** Reads a tensor that begins at the reader's position, a few rows at a time. */
export async function* readPieces(
  bytes: ByteReader,
  { name, dtype, shape }: TensorInfo & { dtype: DType },
): AsyncGenerator<TensorPiece, void, undefined> {
  const size = BYTES_PER_ELEMENT[dtype];
  const total = product(shape) * size;
  const row = (shape.at(-1) ?? 1) * size;
  const most = Math.max(1, Math.floor(PIECE_BYTES / Math.max(1, row))) * row;
  let at = 0;
  do {
    bytes.options.signal?.throwIfAborted();
    const length = Math.min(most, total - at);
    // One row that is longer than the limit may be a lie of the header; `take` believes it as the bytes come.
    const data = length > PIECE_BYTES ? await bytes.take(length) : await bytes.borrow(length);
    if (data.length < length) {
      throw tensorError(bytes.path, name, `the file ends after ${at + data.length} of its ${total} bytes (truncated).`);
    }
    yield { file: bytes.path, name, dtype, shape, start: at / size, data };
    at += length;
  } while (at < total);
}
