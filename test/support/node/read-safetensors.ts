/** Reads whole safetensors files, for the tests of the reader. */

import { failureOf } from "./failure";
import { readSafetensors } from "../../../src/loading/formats/safetensors";
import type { TensorPiece } from "../../../src/loading/formats/tensors";
import type { OpenFile } from "../../../src/loading/sources/files";

export const PATH = "model.safetensors";

export async function readAll(file: OpenFile): Promise<TensorPiece[]> {
  const tensors: TensorPiece[] = [];
  // The memory of a piece is used again for the next one.
  for await (const piece of readSafetensors(file, PATH)) tensors.push({ ...piece, data: piece.data.slice() });
  return tensors;
}

/** The error that the file is refused with. */
export const failure = (file: OpenFile) => failureOf(() => readAll(file));

/** A tensor in the header of a file. */
export const entry = (begin: number, end: number, shape: unknown = [(end - begin) / 4], dtype = "F32") =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });
