/**
 * A strict, streaming reader of the safetensors format: 8 bytes of header length, a JSON header, packed tensors.
 *
 * It never holds more than the header and one tensor. It is stricter than it need be to load a good file, because a file
 * that two programs read differently is a security hole: each byte must be accounted for exactly once. Whether the tensors
 * are the ones a model needs is the model's business.
 */

import { ModelError } from "../errors";
import { BYTES_PER_ELEMENT, isDType } from "./dtypes";
import { readChunks } from "./download";
import type { DType } from "./dtypes";
import type { DownloadOptions } from "./download";
import type { OpenFile } from "./source";

export interface TensorInfo {
  name: string;
  dtype: DType;
  /** Empty for a scalar; may hold zeros. */
  shape: number[];
  /** First byte, and the byte after the last, counted from the end of the header. */
  begin: number;
  end: number;
}

export interface Tensor extends Pick<TensorInfo, "name" | "dtype" | "shape"> {
  /** Exactly this tensor's bytes, little-endian, row-major, in a buffer of its own: aligned for any view. */
  data: Uint8Array<ArrayBuffer>;
}

export interface SafetensorsOptions extends DownloadOptions {
  /** Called once with all tensors, in file order, before the first is read. What it throws ends the reading. */
  onHeader?: (tensors: TensorInfo[]) => void;
}

const MAX_HEADER_BYTES = 100_000_000;

/** All dtypes of the format (tensor.rs, `enum Dtype`), to tell those that we do not load from those that do not exist. */
const FORMAT_DTYPES =
  "BOOL F4 F6_E2M3 F6_E3M2 U8 I8 F8_E5M2 F8_E4M3 F8_E8M0 F8_E4M3FNUZ F8_E5M2FNUZ " +
  "I16 U16 F16 BF16 I32 U32 F32 C64 F64 I64 U64";

const invalid = (path: string, rule: string, hint?: string, cause?: unknown) =>
  new ModelError("invalid_weights", `${path}: ${rule}`, hint, { cause });

const tensorError = (path: string, name: string, rule: string) => invalid(path, `tensor ${quote(name)}: ${rule}`);

/** Cut, since a hostile name may be as long as the header. */
const quote = (name: string) => JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}...` : name);

/**
 * Reads a file's tensors in file order. Leaving the loop early cancels the stream.
 * @param path for messages and progress
 * @throws ModelError `invalid_weights` with the rule that the file breaks, `out_of_memory` for a tensor that does not fit,
 * and what {@link readChunks} throws; `signal.reason` once aborted
 */
export async function* readSafetensors(
  file: OpenFile,
  path: string,
  options: SafetensorsOptions = {},
): AsyncGenerator<Tensor, void, undefined> {
  const chunks = readChunks(file, path, options);
  const size = file.size ?? file.expectedSize ?? 0;
  let rest = new Uint8Array(0) as Uint8Array;
  let position = 0;

  /** Bytes up to `length` in one array, fewer at the end of the file. */
  async function take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    // A length that the file can't keep must not be allocated: unless the size is known, grow as the bytes come.
    let bytes = allocate(length <= size ? length : 0, path, position);
    let filled = 0;
    while (filled < length && (await more())) {
      const part = rest.subarray(0, length - filled);
      const needed = filled + part.length;
      if (needed > bytes.length) {
        const larger = allocate(Math.min(length, Math.max(needed, 2 * bytes.length)), path, position);
        larger.set(bytes.subarray(0, filled));
        bytes = larger;
      }
      bytes.set(part, filled);
      rest = rest.subarray(part.length);
      filled = needed;
    }
    position += filled;
    return filled === bytes.length ? bytes : bytes.slice(0, filled);
  }

  /** Whether there is a byte left, with `rest` holding it. */
  async function more(): Promise<boolean> {
    while (rest.length === 0) {
      const next = await chunks.next();
      if (next.done) return false;
      rest = next.value;
    }
    return true;
  }

  try {
    const prefix = await take(8);
    const headerLength = parseHeaderLength(prefix, path, file.size);
    const header = await take(headerLength);
    if (header.length < headerLength)
      throw invalid(path, `the file ends after ${position} bytes, within its header of ${headerLength} bytes.`);
    const tensors = parseHeader(header, path, file.size === undefined ? undefined : file.size - position);
    options.onHeader?.(tensors);

    for (const { name, dtype, shape, begin, end } of tensors) {
      options.signal?.throwIfAborted();
      const data = await take(end - begin);
      if (data.length < end - begin)
        throw tensorError(path, name, `the file ends after ${data.length} of its ${end - begin} bytes (truncated).`);
      yield { name, dtype, shape, data };
    }
    if (await more()) throw invalid(path, `bytes follow the last tensor, which ends at byte ${position}.`);
  } finally {
    await chunks.return();
  }
}

function allocate(length: number, path: string, position: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    const message = `${path}: the ${length} bytes at position ${position} can't be allocated.`;
    throw new ModelError("out_of_memory", message, undefined, { cause });
  }
}

/** Checks the first 8 bytes (u64, little-endian) and returns the length of the header that follows, in bytes. */
function parseHeaderLength(prefix: Uint8Array<ArrayBuffer>, path: string, size?: number): number {
  if (prefix.length < 8) throw invalid(path, `is ${prefix.length} bytes long; a safetensors file has 8 or more.`);
  const length = new DataView(prefix.buffer).getBigUint64(0, true);
  const text = String.fromCharCode(...prefix);
  const isText = /^[\x20-\x7e\s]{8}$/.test(text);
  const hint = isText ? `It begins with "${text}": perhaps a Git LFS pointer or a web page.` : undefined;
  if (length > BigInt(MAX_HEADER_BYTES))
    throw invalid(path, `its header length of ${length} bytes is over the limit of ${MAX_HEADER_BYTES}.`, hint);
  if (size !== undefined && Number(length) + 8 > size)
    throw invalid(path, `its header of ${length} bytes does not fit the file of ${size} bytes.`);
  return Number(length);
}

/**
 * Checks a header against every rule of the format: github.com/huggingface/safetensors, `tensor.rs`.
 * @param header the JSON, without the 8 bytes before it
 * @param dataSize bytes of the file after the header, where known
 * @returns the tensors in file order; together they cover the bytes from 0 to the last `end` exactly once
 * @throws ModelError `invalid_weights`
 */
export function parseHeader(header: Uint8Array, path: string, dataSize?: number): TensorInfo[] {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(header);
  } catch (cause) {
    throw invalid(path, "its header is not valid UTF-8.", undefined, cause);
  }
  const root = parseStrictJson(text, (at, rule) => invalid(path, `header, character ${at}: ${rule}`));
  const tensors: TensorInfo[] = [];
  for (const [name, value] of root) {
    if (name === "__metadata__") {
      const isStrings = value instanceof Map && [...value.values()].every((v) => typeof v === "string");
      if (!isStrings) throw invalid(path, "__metadata__ is not an object of strings.");
    } else {
      tensors.push(parseEntry(name, value, path));
    }
  }
  // Empty tensors may share an offset with the one that follows.
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
    throw invalid(path, `${dataSize} bytes follow the header where its tensors take ${end} (${how}).`);
  }
  return tensors;
}

function parseEntry(name: string, entry: Json, path: string): TensorInfo {
  const fail = (rule: string) => tensorError(path, name, rule);
  if (name.includes("\0")) throw fail("its name holds U+0000.");
  if (!(entry instanceof Map)) throw fail("is not described by an object.");
  for (const key of entry.keys())
    if (key !== "dtype" && key !== "shape" && key !== "data_offsets") throw fail(`unknown key ${quote(key)}.`);
  const dtype = entry.get("dtype");
  const shape = entry.get("shape");
  const offsets = entry.get("data_offsets");
  if (typeof dtype !== "string") throw fail("dtype is not a string.");
  if (!isDType(dtype)) {
    const exists = FORMAT_DTYPES.split(" ").includes(dtype);
    const fault = exists ? `dtype ${dtype} is not supported` : `there is no dtype ${quote(dtype)}`;
    throw fail(`${fault}; supported are ${Object.keys(BYTES_PER_ELEMENT).join(", ")}.`);
  }
  if (!isIntegers(shape)) throw fail("shape is not an array of integers.");
  if (!isIntegers(offsets) || offsets.length !== 2) throw fail("data_offsets is not an array of two integers.");
  const [begin, end] = offsets;
  let bytes: number = BYTES_PER_ELEMENT[dtype];
  for (const length of shape) {
    bytes *= length;
    if (!Number.isSafeInteger(bytes)) throw fail(`shape [${shape.slice(0, 8).join(", ")}] overflows.`);
  }
  if (end < begin) throw fail(`data_offsets [${begin}, ${end}] end before they begin.`);
  if (end - begin !== bytes)
    throw fail(
      `data_offsets span ${end - begin} bytes, but shape [${shape.slice(0, 8).join(", ")}] in ${dtype} takes ${bytes}.`,
    );
  return { name, dtype, shape, begin, end };
}

const isIntegers = (value: Json | undefined): value is number[] =>
  Array.isArray(value) && value.every((item) => typeof item === "number");

type Json = string | number | Json[] | Map<string, Json>;

/**
 * Parses the part of JSON that headers consist of: objects, arrays, strings and non-negative integers. Unlike `JSON.parse`
 * it refuses duplicate keys and numbers like 1e3, and no key can meet a prototype because objects become Maps.
 */
function parseStrictJson(text: string, error: (at: number, rule: string) => ModelError): Map<string, Json> {
  let at = 0;

  function skipSpace(): string {
    while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at++;
    return text[at] ?? "the end";
  }

  function expect(character: string): void {
    const found = skipSpace();
    if (found !== character) throw error(at, `${JSON.stringify(found)} where ${character} is needed.`);
    at++;
  }

  /** The comma-separated items up to `close`; the opening bracket has been read. */
  function items(close: string, item: () => void): void {
    if (skipSpace() !== close) {
      item();
      while (skipSpace() === ",") {
        at++;
        item();
      }
    }
    expect(close);
  }

  function string(): string {
    expect('"');
    const start = at - 1;
    while (text[at] !== '"') {
      if (at >= text.length) throw error(start, "a string without end.");
      at += text[at] === "\\" ? 2 : 1;
    }
    at++;
    let value: string;
    try {
      value = JSON.parse(text.slice(start, at)) as string; // knows the escapes and forbids raw control characters
    } catch {
      throw error(start, "a string with a bad escape or a control character.");
    }
    // Lone surrogates have no UTF-8 form, so two readers may disagree on such a name.
    if (/\p{Surrogate}/u.test(value)) throw error(start, "a string with a lone surrogate.");
    return value;
  }

  function integer(): number {
    const start = at;
    while (text[at] >= "0" && text[at] <= "9") at++;
    const digits = text.slice(start, at);
    if (digits.length > 1 && digits[0] === "0") throw error(start, "a number with a leading zero.");
    if (digits.length > 16 || !Number.isSafeInteger(Number(digits))) throw error(start, "a number over 2^53 - 1.");
    if (/[.eE]/.test(text[at] ?? "")) throw error(start, "a number that is not written as an integer.");
    return Number(digits);
  }

  function value(depth: number): Json {
    const first = skipSpace();
    if (depth > 8) throw error(at, "nested over 8 levels deep."); // valid headers need 3
    if (first === "{") return object(depth);
    if (first === '"') return string();
    if (/^[0-9]$/.test(first)) return integer();
    if (first !== "[") throw error(at, `${JSON.stringify(first)} where a string, integer, array or object is needed.`);
    at++;
    const array: Json[] = [];
    items("]", () => array.push(value(depth + 1)));
    return array;
  }

  function object(depth: number): Map<string, Json> {
    expect("{");
    const map = new Map<string, Json>();
    items("}", () => {
      const key = string();
      if (map.has(key)) throw error(at, `duplicate key ${quote(key)}.`);
      expect(":");
      map.set(key, value(depth + 1));
    });
    return map;
  }

  const root = object(1);
  skipSpace();
  if (at < text.length) throw error(at, "text after the end of the header's object.");
  return root;
}
