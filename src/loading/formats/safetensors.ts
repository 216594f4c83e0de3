/**
 * A strict, streaming reader of the safetensors format: 8 bytes of header length, a JSON header, packed tensors.
 *
 * It never holds more than the header and a few rows. It checks every rule of the format, because a file that two programs
 * read differently is a security hole: each byte must belong to exactly one tensor. Whether the tensors are those that a
 * model needs is checked elsewhere (models/parameters.ts).
 */

import { quote } from "../../errors";
import { ByteReader } from "./byte-reader";
import type { OpenFile } from "../sources/files";
import { isFields } from "../../util/fields";
import { parseStrictJson } from "./json";
import { withPacked } from "./packed";
import { announce, invalidWeights as invalid, isReadable, readPieces, shapeOf, tensorError, textHint } from "./tensors";
import type { TensorInfo, TensorPiece, WeightOptions } from "./tensors";

/** A tensor and its bytes: the first one, and the one after the last, counted from the end of the header. */
export interface StoredTensor extends TensorInfo {
  begin: number;
  end: number;
}

const MAX_HEADER_BYTES = 100_000_000;

/** Bits per element of each dtype of the format (tensor.rs, `enum Dtype`). The engine reads only some of them: dtypes.ts. */
const DTYPE_BITS: Readonly<Record<string, number>> = {
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  BOOL: 8,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
};

/**
 * Reads a file's tensors in file order, a few rows at a time. Leaving the loop early cancels the stream.
 * @param path for messages and progress
 * @throws ModelError `invalid_weights` with the rule that the file breaks, `out_of_memory` for a row that does not fit in
 * memory, and the errors of `readChunks`; `signal.reason` once aborted
 */
export async function* readSafetensors(
  file: OpenFile,
  path: string,
  options: WeightOptions = {},
): AsyncGenerator<TensorPiece, void, undefined> {
  const bytes = new ByteReader(file, path, options);
  try {
    const headerLength = parseHeaderLength(await bytes.take(8), path, file.size);
    const header = await bytes.take(headerLength);
    if (header.length < headerLength)
      throw invalid(path, `the file ends after ${bytes.position} bytes, within its header of ${headerLength} bytes.`);
    const tensors = parseHeader(header, path, file.size === undefined ? undefined : file.size - bytes.position);
    const wanted = announce(path, tensors, options);
    if (options.headerOnly) return;

    for (const tensor of tensors) {
      // Another name of a tensor has no bytes of its own.
      if (!("begin" in tensor)) continue;
      const length = tensor.end - tensor.begin;
      if (wanted(tensor.name) && isReadable(tensor)) yield* readPieces(bytes, tensor);
      else if ((await bytes.skip(length)) < length)
        throw tensorError(path, tensor.name, "the file ends within it (truncated).");
    }
    if (await bytes.more()) throw invalid(path, `bytes follow the last tensor, which ends at byte ${bytes.position}.`);
  } finally {
    await bytes.close();
  }
}

/** Checks the first 8 bytes (u64, little-endian) and returns the length of the header that follows, in bytes. */
function parseHeaderLength(prefix: Uint8Array<ArrayBuffer>, path: string, size?: number): number {
  if (prefix.length < 8) throw invalid(path, `is ${prefix.length} bytes long; a safetensors file has 8 or more.`);
  const length = new DataView(prefix.buffer).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    const rule = `its header length of ${length} bytes is over the limit of ${MAX_HEADER_BYTES}.`;
    throw invalid(path, rule, textHint(prefix));
  }
  if (size !== undefined && Number(length) + 8 > size)
    throw invalid(path, `its header of ${length} bytes does not fit the file of ${size} bytes.`);
  return Number(length);
}

/**
 * Checks a header against every rule of the format: github.com/huggingface/safetensors, `tensor.rs`.
 * @param header the JSON, without the 8 bytes before it
 * @param dataSize bytes of the file after the header, where known
 * @returns the tensors in file order, which cover the bytes from 0 to the last `end` exactly once, and further names of them
 * @throws ModelError `invalid_weights`
 */
export function parseHeader(header: Uint8Array, path: string, dataSize?: number): (StoredTensor | TensorInfo)[] {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(header);
  } catch (cause) {
    throw invalid(path, "its header is not valid UTF-8.", undefined, cause);
  }
  const root = parseStrictJson(text, (rule) => invalid(path, `its header ${rule}`), true);
  const tensors: StoredTensor[] = [];
  for (const [name, value] of Object.entries(root)) {
    if (name === "__metadata__") {
      if (value === null) continue; // some writers put null in an empty field
      const isStrings = isFields(value) && Object.values(value).every((v) => typeof v === "string");
      if (!isStrings) throw invalid(path, "__metadata__ is not an object of strings.");
    } else {
      tensors.push(parseEntry(name, value, path));
    }
  }
  // An empty tensor may have the same offset as the next one.
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  let previous = "the header";
  for (const tensor of tensors) {
    if (tensor.begin < end) throw tensorError(path, tensor.name, `overlaps ${previous}.`);
    if (tensor.begin > end)
      throw tensorError(path, tensor.name, `leaves a hole of ${tensor.begin - end} bytes after ${previous}.`);
    end = tensor.end;
    previous = quote(tensor.name);
  }
  if (dataSize !== undefined && end !== dataSize) {
    const how = dataSize < end ? "truncated" : "bytes follow the last tensor";
    throw invalid(path, `its tensors take ${end} bytes, but ${dataSize} bytes follow the header (${how}).`);
  }
  return withPacked(tensors, root.__metadata__, path);
}

function parseEntry(name: string, entry: unknown, path: string): StoredTensor {
  const fail = (rule: string) => tensorError(path, name, rule);
  if (name.includes("\0")) throw fail("its name holds U+0000.");
  if (!isFields(entry)) throw fail("is not described by an object.");
  // The safetensors library passes over other keys, too.
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string") throw fail("dtype is not a string.");
  if (!Object.hasOwn(DTYPE_BITS, dtype)) throw fail(`there is no dtype ${quote(dtype)}.`);
  if (!isIntegers(shape)) throw fail("shape is not an array of integers.");
  if (!isIntegers(offsets) || offsets.length !== 2) throw fail("data_offsets is not an array of two integers.");
  const [begin, end] = offsets;
  let bits = DTYPE_BITS[dtype];
  for (const length of shape) {
    bits *= length;
    if (!Number.isSafeInteger(bits)) throw fail(`shape ${shapeOf(shape)} overflows.`);
  }
  const bytes = bits / 8;
  if (end < begin) throw fail(`data_offsets [${begin}, ${end}] end before they begin.`);
  if (end - begin !== bytes)
    throw fail(`data_offsets span ${end - begin} bytes, but shape ${shapeOf(shape)} in ${dtype} takes ${bytes}.`);
  return { name, dtype, shape, begin, end };
}

const isIntegers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((length) => typeof length === "number");
