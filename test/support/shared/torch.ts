/** Builds files like torch.save's, good and bad: pickles by instruction, zip archives by entry. For tests only. */

import { crc32 } from "../../../src/util/crc32";
import { concat } from "./bytes";

type Part = number | string | Uint8Array;

/** Bytes of numbers, of Latin-1 text and of arrays, in order. */
export function bytesOf(...parts: Part[]): Uint8Array<ArrayBuffer> {
  return concat(
    parts.map((part) => {
      if (typeof part === "number") return Uint8Array.of(part);
      return typeof part === "string" ? Uint8Array.from(part, (c) => c.charCodeAt(0)) : part;
    }),
  );
}

export function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

/** Instructions of pickle protocol 2. */
export const op = {
  text: (text: string) => bytesOf("X", u32(text.length), text),
  int: (value: number) => bytesOf("J", new Uint8Array(Int32Array.of(value).buffer)),
  global: (module: string, name: string) => bytesOf(`c${module}\n${name}\n`),
  tuple: (...parts: Part[]) => bytesOf("(", ...parts, "t"),
  program: (...parts: Part[]) => bytesOf(0x80, 2, ...parts, "."),
};

export interface ViewSpec {
  key?: string;
  storage?: string;
  elements: number;
  offset?: number;
  shape: number[];
  strides: number[];
}

/** A call of torch._utils._rebuild_tensor_v2. */
export function tensorCall({ key = "0", storage = "FloatStorage", elements, offset = 0, shape, strides }: ViewSpec) {
  const pid = op.tuple(op.text("storage"), op.global("torch", storage), op.text(key), op.text("cpu"), op.int(elements));
  const hooks = bytesOf(op.global("collections", "OrderedDict"), ")R");
  const args = [
    pid,
    "Q",
    op.int(offset),
    op.tuple(...shape.map(op.int)),
    op.tuple(...strides.map(op.int)),
    0x89,
    hooks,
  ];
  return bytesOf(op.global("torch._utils", "_rebuild_tensor_v2"), op.tuple(...args), "R");
}

/** The pickle of a dict of tensors. */
export function stateDictPickle(tensors: Record<string, ViewSpec>): Uint8Array<ArrayBuffer> {
  const items = Object.entries(tensors).flatMap(([name, spec]) => [op.text(name), tensorCall(spec)]);
  return op.program("}(", ...items, "u");
}

export interface EntrySpec {
  name: string;
  data: Uint8Array;
  /** Length and checksum after the data, as torch writes them, or before it. */
  descriptor?: boolean;
  /** Lengths in 64 bits. */
  zip64?: boolean;
  method?: number;
  flags?: number;
  crc?: number;
  /** What the headers say instead of the truth. */
  size?: number;
}

export interface ZipSpec {
  /** The directory's entries, if they are others. */
  directory?: EntrySpec[];
  /** Moves the offsets that the directory tells. */
  shift?: number;
  comment?: string;
  zip64End?: boolean;
  after?: Uint8Array;
}

/** A zip archive of stored entries. */
export function makeZip(entries: EntrySpec[], spec: ZipSpec = {}): Uint8Array<ArrayBuffer> {
  const offsets = new Map<string, number>();
  const parts: Uint8Array[] = [];
  let at = 0;
  const add = (...added: Part[]) => {
    const bytes = bytesOf(...added);
    parts.push(bytes);
    at += bytes.length;
  };
  for (const entry of entries) {
    offsets.set(entry.name, at);
    const { name, data, descriptor = true, zip64 = false, method = 0, crc = crc32(data), size = data.length } = entry;
    const flags = entry.flags ?? (descriptor ? 0x808 : 0x800);
    const sizes = descriptor ? [0, 0, 0] : [crc, zip64 ? 0xffffffff : size, zip64 ? 0xffffffff : size];
    const extra = zip64 ? bytesOf(1, 0, 16, 0, u32(size), u32(0), u32(size), u32(0)) : bytesOf("FB", 2, 0, "ZZ");
    add("PK", 3, 4, u16(20), u16(flags), u16(method), u32(0), ...sizes.map(u32), u16(name.length), u16(extra.length));
    add(name, extra, data);
    if (!descriptor) continue;
    const wide = zip64 ? [u32(size), u32(0), u32(size), u32(0)] : [u32(size), u32(size)];
    add("PK", 7, 8, u32(crc), ...wide);
  }
  const start = at;
  const directory = spec.directory ?? entries;
  for (const {
    name,
    data,
    zip64 = false,
    method = 0,
    flags = 0x808,
    crc = crc32(data),
    size = data.length,
  } of directory) {
    const offset = (offsets.get(name) ?? 0) + (spec.shift ?? 0);
    const extra = zip64 ? bytesOf(1, 0, 24, 0, ...[size, size, offset].flatMap((n) => [u32(n), u32(0)])) : bytesOf();
    const [told, toldOffset] = zip64 ? [0xffffffff, 0xffffffff] : [size, offset];
    add("PK", 1, 2, u16(20), u16(20), u16(flags), u16(method), u32(0), u32(crc), u32(told), u32(told));
    add(u16(name.length), u16(extra.length), u16(0), u16(0), u16(0), u32(0), u32(toldOffset), name, extra);
  }
  const length = at - start;
  if (spec.zip64End ?? true) {
    const end = at;
    const wide = [directory.length, directory.length, length, start].flatMap((n) => [u32(n), u32(0)]);
    add("PK", 6, 6, u32(44), u32(0), u16(45), u16(45), u32(0), u32(0), ...wide);
    add("PK", 6, 7, u32(0), u32(end), u32(0), u32(1));
  }
  const comment = spec.comment ?? "";
  add("PK", 5, 6, u32(0), u16(directory.length), u16(directory.length), u32(length), u32(start), u16(comment.length));
  add(comment, spec.after ?? bytesOf());
  return concat(parts);
}

function u16(value: number): Uint8Array {
  return new Uint8Array(Uint16Array.of(value).buffer);
}

/** An archive like torch.save's: the description, the storages, what lies beside them. */
export function makeTorchZip(
  pickle: Uint8Array,
  storages: Record<string, Uint8Array>,
  change: (entries: EntrySpec[]) => EntrySpec[] = (entries) => entries,
  spec: ZipSpec = {},
): Uint8Array<ArrayBuffer> {
  const entries: EntrySpec[] = [
    { name: "m/data.pkl", data: pickle },
    { name: "m/byteorder", data: bytesOf("little") },
    ...Object.entries(storages).map(([key, data]) => ({ name: `m/data/${key}`, data })),
    { name: "m/version", data: bytesOf("3\n") },
  ];
  return makeZip(change(entries), spec);
}

/** A file like torch.save's before version 1.6. */
export function makeLegacy(pickle: Uint8Array, storages: Record<string, Uint8Array>, bytesPerElement = 4) {
  const magic = bytesOf(0x80, 2, 0x8a, 10, "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.");
  const version = op.program("M", 0xe9, 3);
  const system = op.program("}", op.text("little_endian"), 0x88, "s");
  const keys = op.program("](", ...Object.keys(storages).map(op.text), "e");
  const data = Object.values(storages).flatMap((bytes) => [u32(bytes.length / bytesPerElement), u32(0), bytes]);
  return bytesOf(magic, version, system, pickle, keys, ...data);
}
