/** Writes the weights of a folder in the format that a device stores them in, so that a load only moves them. */

import { findFamily } from "../engine/family";
import { refuseUnread } from "../engine/place-weights";
import { plannedOps } from "../engine/planned-ops";
import { ModelError } from "../errors";
import { BYTES_PER_ELEMENT, toFloat32, type DType } from "../loading/formats/dtypes";
import { isReadable, product, type TensorInfo, type TensorPiece, type Wanted } from "../loading/formats/tensors";
import type { ModelFiles } from "../loading/sources/files";
import { findWeights } from "../loading/weights";
import { ConfigFields, refuseQuantization } from "../models/config-fields";
import { Parameters } from "../models/parameters";
import { isPackedFormat } from "../tensor/packed-rows";
import { pack, rowWords, type WeightFormat } from "../tensor/weight-format";
import { indexOf, planShards, type PlannedTensor, type Shard } from "./shards";

/** What the files are written with. */
export interface Writer {
  /** Writes bytes of a file at a position; files are made as they are first written to. */
  write(this: void, file: string, bytes: Uint8Array, position: number): Promise<void>;
}

export interface PackOptions {
  format: WeightFormat;
  /** The most bytes of one file of weights, unless a tensor is larger. */
  shardBytes: number;
  signal?: AbortSignal;
  onProgress?: (bytes: number, total: number) => void;
}

export interface PackedWeights {
  shards: readonly Shard[];
  /** Name of the file that lists them; undefined for one file. */
  index: string | undefined;
  /** Tensors that the model does not read, which were left out. */
  unread: readonly string[];
  /** Name of the file that they come from. */
  source: string;
}

/** Stored as they are: a load widens them to the same floats. */
const KEPT: readonly string[] = ["F32", "F16", "BF16"];
/** Words of q8 and q4 are tensors of this dtype. */
const WORDS = "U32";

/** How the elements of a tensor are written. */
type Encoding = "words" | "F16" | "F32" | "kept";

function encodingOf(dtype: string, format: WeightFormat): Encoding {
  if (format === "q8" || format === "q4") return "words";
  if (format === "f16") return dtype === "F16" ? "kept" : "F16";
  return KEPT.includes(dtype) ? "kept" : "F32";
}

/** The tensors that the model reads, as they will be written. */
function planTensors(tensors: readonly TensorInfo[], parameters: Parameters): PlannedTensor[] {
  return tensors
    .filter((tensor) => parameters.wants(tensor.name) && isReadable(tensor))
    .map((tensor) => {
      const others = tensors.filter(({ sameAs }) => sameAs === tensor.name).map(({ name }) => name);
      return planTensor(tensor, parameters.formatOf(tensor.name), others);
    });
}

/** @param others further names of the tensor */
function planTensor({ name, dtype, shape }: TensorInfo, format: WeightFormat, others: string[]): PlannedTensor {
  const encoding = encodingOf(dtype, format);
  if (encoding === "words") {
    const [rows, width] = shape;
    const words = [rows, rowWords(format, width)];
    return { name, dtype: WORDS, shape: words, bytes: 4 * product(words), matrix: [rows, width], others };
  }
  const stored = encoding === "kept" ? dtype : encoding;
  return { name, dtype: stored, shape, bytes: product(shape) * BYTES_PER_ELEMENT[stored as DType], others };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);

/** A piece as it is written, and at which byte of its tensor. */
function encode(piece: TensorPiece, format: WeightFormat): { bytes: Uint8Array; at: number } {
  const { dtype, data, shape, start } = piece;
  const encoding = encodingOf(dtype, format);
  const width = shape.at(-1) ?? 1;
  if (encoding === "kept") return { bytes: data, at: start * BYTES_PER_ELEMENT[dtype] };
  const floats = toFloat32(dtype, data);
  if (encoding === "F32") return { bytes: bytesOf(floats), at: 4 * start };
  if (encoding === "words")
    return { bytes: bytesOf(pack(format, floats, width)), at: (4 * start * rowWords(format, width)) / width };
  return { bytes: withoutPadding(bytesOf(pack("f16", floats, width)), width), at: 2 * start };
}

/** Rows of halves, which `pack` fills up to multiples of 8 bytes. */
function withoutPadding(bytes: Uint8Array, width: number): Uint8Array {
  const [own, pitch] = [2 * width, 4 * rowWords("f16", width)];
  if (own === pitch) return bytes;
  const rows = bytes.length / pitch;
  const result = new Uint8Array(rows * own);
  for (let row = 0; row < rows; row++) result.set(bytes.subarray(row * pitch, row * pitch + own), row * own);
  return result;
}

/**
 * Reads the weights of a folder and writes them as safetensors. Only what the model reads is written.
 * @param config config.json
 * @throws ModelError as a load would, for weights that do not fit the configuration or hold what no device can store
 */
export async function packWeights(
  files: ModelFiles,
  config: Record<string, unknown>,
  { write }: Writer,
  { format, shardBytes, signal, onProgress }: PackOptions,
): Promise<PackedWeights> {
  const { family } = await findFamily(config);
  refuseQuantization(config);
  const { fields } = new ConfigFields(config);
  family.info(fields);
  const weights = await findWeights(files, { signal });
  const ops = plannedOps();
  let planned: { parameters: Parameters; shards: Shard[]; total: number; unread: string[] } | undefined;
  const onHeader = (tensors: TensorInfo[]): Wanted => {
    const packed = tensors.find((tensor) => tensor.packed)?.packed;
    if (packed) throw new ModelError("invalid_option", `pack: ${files.name} is packed already, as ${packed}.`);
    const parameters = new Parameters(ops, tensors, format);
    family.build(ops, fields, parameters);
    const unread = parameters.check(weights.name);
    if (family.strict) refuseUnread(weights.name, unread);
    const plans = planTensors(tensors, parameters);
    const shards = planShards(plans, isPackedFormat(format) ? format : undefined, shardBytes);
    planned = { parameters, shards, total: plans.reduce((sum, { bytes }) => sum + bytes, 0), unread };
    return (name) => parameters.wants(name);
  };
  let done = 0;
  for await (const piece of weights.read({ signal, onHeader })) {
    if (!planned) break;
    const { file, name, dtype, data, start } = piece;
    // Refuses what a load would refuse.
    planned.parameters.fill(file, name, toFloat32(dtype, data), start);
    const shard = planned.shards.find(({ starts }) => starts.has(name)) as Shard;
    const { bytes, at } = encode(piece, planned.parameters.formatOf(name));
    await write(shard.file, bytes, (shard.starts.get(name) as number) + at);
    done += bytes.length;
    onProgress?.(done, planned.total);
  }
  if (!planned) throw new ModelError("internal", "The weights were read without a header.");
  const { shards, unread } = planned;
  for (const { file, header } of shards) await write(file, header, 0);
  const index = shards.length > 1 ? "model.safetensors.index.json" : undefined;
  if (index !== undefined) await write(index, new TextEncoder().encode(indexOf(shards)), 0);
  return { shards, index, unread, source: weights.name };
}
