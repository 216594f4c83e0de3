/** What the encoder reads, on the device: token ids, or frames of sound. */

import type { EncoderInput, ModelInfo } from "../../models/model";
import type { Ops } from "../../ops/ops";

/** The source of one row. */
export interface SourceRow {
  /** Token ids; none where there are frames. */
  inputIds: number[];
  /** By encoder position: 1 to read it, 0 for padding. */
  mask: number[];
  /** Frames of sound, one after another: (T, C). */
  frames?: Float32Array;
}

/** Whether two rows are the same sound, sample by sample. */
export function isSameSound(a: SourceRow, b: SourceRow | undefined): boolean {
  const [one, other] = [a.frames, b?.frames];
  if (one === other) return one !== undefined;
  if (!one || !other || one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

/** How many encoder positions there are over a source of this length, in tokens or frames. */
export const encoderPositions = ({ features }: ModelInfo, length: number): number =>
  features ? features.positions(length) : length;

/** In tokens, or in frames. */
export const lengthOf = ({ inputIds, frames }: SourceRow, { features }: ModelInfo): number =>
  features && frames ? frames.length / features.channels : inputIds.length;

/** @param length room per row, in tokens or frames */
export function createSource(create: Ops["create"], info: ModelInfo, rows: number, length: number): EncoderInput {
  const { features } = info;
  const mask = create([rows, encoderPositions(info, length)], "u32", "activations");
  return features
    ? {
        input: create([rows, length, features.channels], "f32", "activations"),
        mask,
        lengths: create([rows], "u32", "activations"),
      }
    : { input: create([rows, length], "u32", "activations"), mask };
}

/**
 * Writes every row. A row that is absent gets zeros, and one position to read, since attention needs at least one key.
 * @param pad what follows the ids of a row
 */
export function writeSource(
  ops: Ops,
  { input, mask, lengths }: EncoderInput,
  rows: readonly (SourceRow | undefined)[],
  pad = 0,
): void {
  const [count, length, channels = 1] = input.shape;
  const positions = mask.shape[1];
  const values = lengths ? new Float32Array(count * length * channels) : new Uint32Array(count * length).fill(pad);
  const read = new Uint32Array(count * positions);
  for (let i = 0; i < count; i++) {
    values.set(rows[i]?.frames ?? rows[i]?.inputIds ?? [], i * length * channels);
    read.set(rows[i]?.mask ?? [1], i * positions);
  }
  ops.write(input, values);
  ops.write(mask, read);
  if (lengths)
    ops.write(
      lengths,
      Uint32Array.from(rows, (row) => (row?.frames?.length ?? 0) / channels),
    );
}
