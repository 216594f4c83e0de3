/** Where each tensor goes in the safetensors files of a packed folder. */

import { PACKED_KEY, writePackedHeader, type PackedHeader } from "../loading/formats/packed";
import type { PackedFormat } from "../tensor/packed-rows";

/** A tensor as it will be written. */
export interface PlannedTensor {
  name: string;
  /** Its name in safetensors. */
  dtype: string;
  /** As the file has it. */
  shape: readonly number[];
  bytes: number;
  /** Of a packed matrix: its rows and width. */
  matrix?: readonly [rows: number, width: number];
  /** Its further names. */
  others: readonly string[];
}

export interface Shard {
  /** Name of the file. */
  file: string;
  /** Length and JSON, which the data follow. */
  header: Uint8Array;
  tensors: readonly PlannedTensor[];
  /** Where each tensor begins, by name, from the start of the file. */
  starts: ReadonlyMap<string, number>;
  /** Of the whole file. */
  bytes: number;
}

/** Divides tensors, in their order, among files of at most `limit` bytes, unless one tensor is larger. */
export function planShards(tensors: readonly PlannedTensor[], dtype: PackedFormat | undefined, limit: number): Shard[] {
  const groups: PlannedTensor[][] = [];
  let left = 0;
  for (const tensor of tensors) {
    if (groups.length === 0 || tensor.bytes > left) {
      groups.push([]);
      left = limit;
    }
    groups[groups.length - 1].push(tensor);
    left -= tensor.bytes;
  }
  const digits = (n: number): string => String(n).padStart(5, "0");
  const name = (i: number): string =>
    groups.length === 1 ? "model.safetensors" : `model-${digits(i + 1)}-of-${digits(groups.length)}.safetensors`;
  return groups.map((group, i) => planShard(name(i), group, dtype));
}

function planShard(file: string, tensors: readonly PlannedTensor[], dtype?: PackedFormat): Shard {
  const matrices = tensors.flatMap(({ name, matrix }) => (matrix ? [[name, matrix] as const] : []));
  const packed: PackedHeader = {
    dtype: matrices.length > 0 ? dtype : undefined,
    shapes: new Map(matrices),
    sameAs: new Map(tensors.flatMap(({ name, others }) => others.map((other) => [other, name] as const))),
  };
  const isMarked = packed.shapes.size > 0 || packed.sameAs.size > 0;
  const fields: Record<string, unknown> = {
    // transformers refuses a file without it.
    __metadata__: { format: "pt", ...(isMarked && { [PACKED_KEY]: writePackedHeader(packed) }) },
  };
  const starts = new Map<string, number>();
  let end = 0;
  for (const { name, dtype: stored, shape, bytes } of tensors) {
    starts.set(name, end);
    fields[name] = { dtype: stored, shape, data_offsets: [end, end + bytes] };
    end += bytes;
  }
  const header = encodeHeader(fields);
  for (const [name, start] of starts) starts.set(name, header.length + start);
  return { file, header, tensors, starts, bytes: header.length + end };
}

/** With spaces at its end, so that the data begin at a multiple of 8 bytes. */
function encodeHeader(fields: Record<string, unknown>): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(fields));
  const length = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  return header;
}

/** model.safetensors.index.json of several files. */
export function indexOf(shards: readonly Shard[]): string {
  const all = shards.flatMap(({ file, tensors }) => tensors.map((tensor) => ({ file, ...tensor })));
  const metadata = { total_size: all.reduce((sum, { bytes }) => sum + bytes, 0) };
  const map = Object.fromEntries(all.map(({ name, file }) => [name, file]));
  return `${JSON.stringify({ metadata, weight_map: map }, null, 2)}\n`;
}
