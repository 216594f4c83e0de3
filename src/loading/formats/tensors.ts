/** The tensors that a reader of weight files delivers, whatever the format. */

import { ModelError, quote } from "../../errors";
import type { ByteReader } from "./byte-reader";
import { BYTES_PER_ELEMENT, isDType, type DType } from "./dtypes";
import type { DownloadOptions } from "../sources/download";
import type { PackedFormat } from "../../tensor/packed-rows";
import { rowWords } from "../../tensor/weight-format";

export interface TensorInfo {
  name: string;
  /** Its name in safetensors, such as "F32". It may be one that the engine does not read. */
  dtype: string;
  /** Empty for a scalar. A length may be 0. */
  shape: number[];
  /** The data are packed rows of this format, whatever `dtype` says; `shape` is that of the matrix. */
  packed?: PackedFormat;
  /** The name of an earlier tensor with the same memory, as for tied matrices in a `.bin`. */
  sameAs?: string;
}

/** Some rows of a tensor. A small tensor is one piece; a tensor without elements is one empty piece. */
export interface TensorPiece {
  /** Name of the file, for messages. */
  file: string;
  name: string;
  dtype: DType;
  /** Shape of the whole tensor. */
  shape: number[];
  /** `data` are packed rows of this format. */
  packed?: PackedFormat;
  /** Index of the first element. The piece holds whole rows of the last dimension from there. */
  start: number;
  /** Little-endian, row-major, aligned for any typed array. Valid until the next piece is requested. */
  data: Uint8Array<ArrayBuffer>;
}

/** Whether a tensor's data is needed. */
export type Wanted = (name: string) => boolean;

export interface WeightOptions extends DownloadOptions {
  /**
   * Called once with all tensors, in file order, before the first one is read. An error that it throws ends the reading. It
   * may return which tensors are wanted. The others are skipped, and only they may have a dtype that the engine cannot read.
   */
  onHeader?: (tensors: TensorInfo[]) => Wanted | void;
  /** Called with the entries of a file that are not tensors, which nothing reads. */
  onUnread?: (file: string, names: string[]) => void;
  /** Stop after the header. */
  headerOnly?: boolean;
}

/** The most bytes of a piece, unless one row is longer. Calls per piece cost little at this size, and models are larger. */
export const PIECE_BYTES = 4 * 2 ** 20;

export const invalidWeights = (path: string, rule: string, hint?: string, cause?: unknown) =>
  new ModelError("invalid_weights", `${path}: ${rule}`, hint, { cause });

export const tensorError = (path: string, name: string, rule: string) =>
  invalidWeights(path, `tensor ${quote(name)}: ${rule}`);

/** A hint for a file that begins with text; undefined for others. */
export function textHint(start: Uint8Array): string | undefined {
  const text = String.fromCharCode(...start);
  const isText = /^[\x20-\x7e\s]{8,}$/.test(text);
  return isText ? `It begins with "${text}"; perhaps it is a Git LFS pointer or a web page.` : undefined;
}

export const product = (shape: readonly number[]): number => shape.reduce((result, n) => result * n, 1);

export const shapeOf = (shape: readonly number[]) => `[${shape.slice(0, 8).join(", ")}]`;

/** Whether the engine can read the data of a tensor. */
export const isReadable = <T extends TensorInfo>(tensor: T): tensor is T & { dtype: DType } => isDType(tensor.dtype);

/** Calls `onHeader`, and refuses wanted tensors of a dtype that the engine cannot read. */
export function announce(path: string, tensors: TensorInfo[], options: WeightOptions): Wanted {
  const wanted = options.onHeader?.(tensors) ?? (() => true);
  for (const tensor of tensors) {
    if (isReadable(tensor) || !wanted(tensor.name)) continue;
    throw tensorError(
      path,
      tensor.name,
      `dtype ${tensor.dtype} is not supported. Supported: ${Object.keys(BYTES_PER_ELEMENT).join(", ")}.`,
    );
  }
  return wanted;
}

/** Reads a tensor that begins at the reader's position, a few rows at a time. */
export async function* readPieces(
  bytes: ByteReader,
  { name, dtype, shape, packed }: TensorInfo & { dtype: DType },
): AsyncGenerator<TensorPiece, void, undefined> {
  const width = shape.at(-1) ?? 1;
  const row = packed ? 4 * rowWords(packed, width) : width * BYTES_PER_ELEMENT[dtype];
  const total = product(shape.slice(0, -1)) * row;
  const most = Math.max(1, Math.floor(PIECE_BYTES / Math.max(1, row))) * row;
  let at = 0;
  do {
    bytes.options.signal?.throwIfAborted();
    const length = Math.min(most, total - at);
    // A header may lie about a very long row. `take` allocates it only as its bytes arrive.
    const data = length > PIECE_BYTES ? await bytes.take(length) : await bytes.borrow(length);
    if (data.length < length) {
      throw tensorError(bytes.path, name, `the file ends after ${at + data.length} of its ${total} bytes (truncated).`);
    }
    yield { file: bytes.path, name, dtype, shape, packed, start: row && (at / row) * width, data };
    at += length;
  } while (at < total);
}
