/** Which rows of a checkpoint tensor go to which rows on the device. A tensor may have several places, and a place a part of it. */

import type { Ops } from "../ops/ops";
import type { PackedFormat } from "../tensor/packed-rows";
import { size, type Tensor } from "../tensor/tensor";
import { rowWords, type WeightFormat } from "../tensor/weight-format";

export interface Placement {
  tensor: Tensor;
  /** First row of the checkpoint tensor, and how many rows. */
  from: number;
  rows: number;
  /** First element of `tensor`. */
  start: number;
  /** May hold -Infinity, for a token that is never chosen. */
  mayBan?: boolean;
  /** A row as the device has it, which may have another length. */
  arrange?: (row: Float32Array) => Float32Array;
  /** An element as the device has it. */
  change?: (element: number) => number;
}

/** A checkpoint tensor that a model asks for. */
export interface Expected {
  shape: readonly number[];
  placements: Placement[];
}

/** One format for all places, else "f32". */
export function formatOfPlaces(placements: readonly Placement[]): WeightFormat {
  const formats = placements.map(({ tensor, arrange }) => (arrange ? "f32" : tensor.dtype)) as WeightFormat[];
  const [first, ...others] = formats;
  return first !== undefined && others.every((format) => format === first) ? first : "f32";
}

/** Writes whole rows of a checkpoint tensor, from element `start` on, to their places. */
export function writeRows(ops: Ops, { shape, placements }: Expected, data: Float32Array, start: number): void {
  const width = size(shape.slice(1));
  for (const { tensor, from, rows, start: first, arrange, change } of placements) {
    // The part of this placement that the data covers, in elements of the checkpoint tensor.
    const begin = Math.max(start, from * width);
    const end = Math.min(start + data.length, (from + rows) * width);
    if (begin >= end) continue;
    const own = data.subarray(begin - start, end - start);
    const part = change ? own.map(change) : own;
    if (!arrange) {
      ops.write(tensor, part, first + begin - from * width);
      continue;
    }
    // A piece is whole rows.
    const length = size(tensor.shape.slice(1));
    for (let at = 0; at < part.length; at += width) {
      ops.write(tensor, arrange(part.subarray(at, at + width)), ((begin + at) / width) * length);
    }
  }
}

/** The same of rows that are packed already, from row `row` on. */
export function writePackedRows(
  ops: Ops,
  { shape: [, width], placements }: Expected,
  format: PackedFormat | "f16",
  words: Uint32Array,
  row: number,
): void {
  const pitch = rowWords(format, width);
  const rows = words.length / pitch;
  for (const { tensor, from, rows: count, start } of placements) {
    const begin = Math.max(row, from);
    const end = Math.min(row + rows, from + count);
    if (begin >= end) continue;
    ops.writePacked(tensor, words.subarray((begin - row) * pitch, (end - row) * pitch), start / width + begin - from);
  }
}
