/** `pytorch_model.bin`: files of torch itself, and files that break one rule each. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { toFloat32 } from "../../../../src/loading/formats/dtypes";
import type { OpenFile } from "../../../../src/loading/sources/files";
import type { TensorInfo } from "../../../../src/loading/formats/tensors";
import { readTorch, type TorchOptions } from "../../../../src/loading/formats/torch/torch";
import { failureOf } from "../../../support/node/failure";
import { openBytes } from "../../../support/shared/safetensors";
import {
  bytesOf,
  makeTorchZip,
  makeZip,
  op,
  stateDictPickle,
  type EntrySpec,
  type ZipSpec,
} from "../../../support/shared/torch";

const PATH = "pytorch_model.bin";

/** Whole tensors, widened, in the order in which they come. */
async function readAll(file: OpenFile, options: TorchOptions = {}) {
  const tensors = new Map<string, { dtype: string; shape: number[]; values: number[] }>();
  for await (const { name, dtype, shape, start, data } of readTorch(file, PATH, options)) {
    const tensor = tensors.get(name) ?? { dtype, shape, values: [] };
    expect(start).toBe(tensor.values.length);
    tensor.values.push(...toFloat32(dtype, data));
    tensors.set(name, tensor);
  }
  return tensors;
}

const failure = (bytes: Uint8Array, options: TorchOptions = {}) =>
  failureOf(() => readAll(openBytes(bytes, 1000), options));

interface Described {
  dtype: string;
  shape: number[];
  /** Infinities are texts. */
  values: (number | string)[];
}
const folder = "test/goldens/torch";
const contents = JSON.parse(readFileSync(`${folder}/contents.json`, "utf8")) as {
  files: Record<string, { tensors: Record<string, Described>; others: string[]; refused?: string }>;
};
const golden = (name: string) => new Uint8Array(readFileSync(`${folder}/${name}.bin`));

/** What `readAll` gives, as contents.json has it. */
const written = (tensors: Awaited<ReturnType<typeof readAll>>) =>
  Object.fromEntries(
    [...tensors].map(([name, tensor]) => {
      const values = tensor.values.map((x) => (Math.abs(x) === Infinity ? String(x).replace("Infinity", "inf") : x));
      return [name, { ...tensor, values }];
    }),
  );

describe("files of torch.save", () => {
  const files = Object.entries(contents.files);

  test("there are many of them, and torch's own unpickler refuses no others than protocols 4 and 5, bytes and frozensets", () => {
    expect(files.length).toBeGreaterThan(60);
    const refused = files.filter(([, file]) => file.refused).map(([name]) => name);
    expect(refused.filter((name) => !/protocol_[45]|_bytes_|frozenset/.test(name))).toEqual([]);
  });

  test.each(files)("%s: every tensor, in chunks of any size, and the names of the rest", async (name, expected) => {
    const file = golden(name);
    for (const chunk of [1, 500, 1 << 16]) {
      for (const size of [file.length, null]) {
        let header: TensorInfo[] = [];
        const onHeader = (tensors: TensorInfo[]) => {
          header = tensors;
          return (name: string) => !name.endsWith("position_ids");
        };
        const unread: string[] = [];
        const onUnread = (_: string, names: string[]) => void unread.push(...names);
        const tensors = await readAll(openBytes(file, chunk, size), { onHeader, onUnread });
        expect(header.map((t) => t.name)).toEqual(Object.keys(expected.tensors));
        const wanted = Object.entries(expected.tensors).filter(([name]) => !name.endsWith("position_ids"));
        expect(written(tensors)).toEqual(Object.fromEntries(wanted));
        expect(unread).toEqual(expected.others);
      }
    }
  });

  test.each(["zip", "legacy", "protocol_5", "legacy_protocol_4"])("%s, cut anywhere, is refused", async (name) => {
    const file = golden(name);
    for (let length = 0; length < file.length; length += 13) {
      const error = await failure(file.slice(0, length));
      expect(error.code).toBe("invalid_weights");
    }
  });

  test("nothing but the header is read where only that is asked for", async () => {
    for (const name of ["zip", "legacy"]) {
      let header: TensorInfo[] = [];
      const onHeader = (tensors: TensorInfo[]) => void (header = tensors);
      const tensors = await readAll(openBytes(golden(name), 100), { headerOnly: true, onHeader });
      expect([tensors.size, header.length]).toEqual([0, 14]);
    }
  });
});

const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const two = { elements: 2, shape: [2], strides: [1] };
const good = stateDictPickle({ a: two });
const data = { "0": floats(1, 2) };
type Change = (entries: EntrySpec[]) => EntrySpec[];
const set =
  (name: string, fields: Partial<EntrySpec>): Change =>
  (entries) =>
    entries.map((entry) => (entry.name === name ? { ...entry, ...fields } : entry));
const zip = (change?: Change, spec?: ZipSpec, pickle = good) => makeTorchZip(pickle, data, change, spec);

describe("archives", () => {
  const loads = async (file: Uint8Array, options?: TorchOptions) =>
    expect((await readAll(openBytes(file, 50), options)).get("a")?.values).toEqual([1, 2]);

  test("lengths before or after the data, in 32 or 64 bits; with or without a zip64 end; a comment", async () => {
    for (const descriptor of [true, false]) {
      for (const zip64 of [true, false]) {
        await loads(zip((entries) => entries.map((entry) => ({ ...entry, descriptor, zip64, flags: undefined }))));
      }
    }
    await loads(zip(undefined, { zip64End: false }));
    await loads(zip(undefined, { comment: "made by hand" }));
  });

  test("a description after the data: the file is opened a second time", async () => {
    const last: Change = ([pickle, ...others]) =>
      [...others, pickle].map((entry) => ({ ...entry, descriptor: false, flags: undefined }));
    const file = zip(last);
    let opened = 0;
    const reopen = () => Promise.resolve((opened++, openBytes(file, 50)));
    await loads(file, { reopen });
    expect(opened).toBe(1);
    expect((await failure(file)).message).toMatch("no data.pkl before the data");
    // Where the lengths are only known after the data, there is no way to pass over it.
    const unknown = zip(([pickle, ...others]) => [...others, pickle]);
    expect((await failure(unknown, { reopen })).message).toMatch('length of entry "m/data/0" is not known');
  });

  const stored = { descriptor: false, flags: undefined };
  test.each<[string, Uint8Array, string]>([
    ["compressed", zip(set("m/data/0", { method: 8 })), 'entry "m/data/0" is compressed (method 8, deflate)'],
    ["compressed otherwise", zip(set("m/data/0", { method: 93 })), "is compressed (method 93)"],
    ["encrypted", zip(set("m/data/0", { flags: 0x809 })), 'entry "m/data/0" is encrypted'],
    ["strongly encrypted", zip(set("m/data/0", { flags: 0x849 })), "is encrypted"],
    ["patched", zip(set("m/data/0", { flags: 0x828 })), "has the unknown flags 0x20"],
    ["two of one name", zip((e) => [...e, e[2]]), 'two entries are named "m/data/0"'],
    ["two descriptions", zip((e) => [...e, e[0]]), 'two entries are named "m/data.pkl"'],
    ["wrong checksum", zip(set("m/data/0", { crc: 1 })), 'the data of entry "m/data/0" does not match its checksum'],
    ["wrong checksum before the data", zip(set("m/data/0", { ...stored, crc: 1 })), "does not match its checksum"],
    [
      "wrong checksum of the description",
      zip(set("m/data.pkl", { crc: 1 })),
      '"m/data.pkl" does not match its checksum',
    ],
    ["length that is not the storage's", zip(set("m/data/0", { data: floats(1, 2, 3) })), "does not end after 8 bytes"],
    [
      "the same, known before",
      zip(set("m/data/0", { ...stored, data: floats(1) })),
      "does not have the size of its storage",
    ],
    ["a length that lies", zip(set("m/data/0", { size: 9 })), 'entry "m/data/0" should have 9 bytes, but has 8'],
    ["bytes after the pickle", zip(set("m/data.pkl", { data: bytesOf(good, 0) })), "does not end after"],
    ["no storage", zip((e) => e.filter(({ name }) => name !== "m/data/0")), 'no storage "0", which tensor "a" needs'],
    ["a storage too many", zip((e) => [...e, { name: "m/data/1", data: floats(1) }]), 'storage "1" belongs to no'],
    ["no description", zip((e) => e.slice(1)), "length of entry"],
    ["nothing at all", zip(() => []), "is neither a zip archive nor"],
    ["other zip", makeZip([{ name: "readme.txt", data: bytesOf("hi") }]), "was not made by torch.save"],
    ["two folders", zip(set("m/version", { name: "n/version" })), 'entry "n/version" is not in the folder "m/"'],
    ["big-endian", zip(set("m/byteorder", { data: bytesOf("big") })), "not in little-endian order"],
    ["TorchScript", zip(set("m/version", { name: "m/constants.pkl" })), "is a TorchScript program"],
    ["large entry", zip((e) => [...e, { name: "m/x", data: new Uint8Array(9000) }]), "longer than the 4096 bytes"],
    ["no name", zip((e) => [...e, { name: "", data: bytesOf() }]), "an entry's name has 0 bytes"],
    ["directory without one", zip(undefined, { directory: [] }), 'its directory lacks the entry "m/data.pkl"'],
    ["bytes at the end", zip(undefined, { after: bytesOf(0) }), "bytes follow the end of its zip directory"],
    ["offsets that lie", zip(undefined, { shift: 1 }), 'entry "m/data.pkl" differs from its entry in the directory'],
    ["bytes between", bytesOf(zip().slice(0, -150), "????", zip().slice(-150)), "directory"],
  ])("%s", async (_, file, message) => {
    const error = await failure(file);
    expect([error.code, error.message]).toEqual(["invalid_weights", expect.stringContaining(message)]);
    expect(error.message).toContain(PATH);
  });

  test("a directory that tells of another entry", async () => {
    const entries: EntrySpec[] = [];
    zip((e) => (entries.push(...e), e));
    const other = zip(undefined, { directory: [...entries.slice(0, -1), { name: "m/other", data: bytesOf("3\n") }] });
    expect((await failure(other)).message).toMatch('has an entry "m/other" that the archive lacks');
    const crc = zip(undefined, { directory: entries.map((e) => (e.name === "m/data/0" ? { ...e, crc: 7 } : e)) });
    expect((await failure(crc)).message).toMatch("differs from its entry in the directory");
  });
});

describe("views", () => {
  const read = (pickle: Uint8Array, storages: Record<string, Uint8Array>) =>
    readAll(openBytes(makeTorchZip(pickle, storages), 50));

  test("tensors that overlap in one storage", async () => {
    const pickle = stateDictPickle({
      whole: { elements: 6, shape: [2, 3], strides: [3, 1] },
      flat: { elements: 6, shape: [6], strides: [1] },
      tail: { elements: 6, offset: 2, shape: [2, 2], strides: [2, 1] },
      diagonal: { elements: 6, shape: [2], strides: [4] },
    });
    const tensors = await read(pickle, { "0": floats(1, 2, 3, 4, 5, 6) });
    expect(tensors.get("whole")?.values).toEqual([1, 2, 3, 4, 5, 6]);
    expect(tensors.get("flat")?.values).toEqual([1, 2, 3, 4, 5, 6]);
    expect(tensors.get("tail")?.values).toEqual([3, 4, 5, 6]);
    expect(tensors.get("diagonal")?.values).toEqual([1, 5]);
  });

  test("a large transposed matrix comes in pieces", async () => {
    const [rows, columns] = [1100, 1300];
    const values = Float32Array.from({ length: rows * columns }, (_, i) => i);
    const pickle = stateDictPickle({ a: { elements: values.length, shape: [rows, columns], strides: [1, rows] } });
    const file = makeTorchZip(pickle, { "0": new Uint8Array(values.buffer) });
    let pieces = 0;
    for await (const { start, data } of readTorch(openBytes(file, 1 << 20), PATH)) {
      pieces++;
      const out = new Float32Array(data.buffer, data.byteOffset, data.length / 4);
      const wrong = out.findIndex((value, i) => {
        const [row, column] = [Math.floor((start + i) / columns), (start + i) % columns];
        return value !== column * rows + row;
      });
      expect(wrong).toBe(-1);
    }
    expect(pieces).toBe(2);
  });

  test.each<[string, Uint8Array, string]>([
    [
      "too far",
      stateDictPickle({ a: { elements: 2, shape: [2], strides: [5] } }),
      "reaches element 5 of its storage of 2",
    ],
    ["offset", stateDictPickle({ a: { elements: 2, offset: 1, shape: [2], strides: [1] } }), "reaches element 2"],
    [
      "empty beyond",
      stateDictPickle({ a: { elements: 2, offset: 3, shape: [0], strides: [1] } }),
      "begins at element 3",
    ],
    [
      "overflow",
      stateDictPickle({ a: { elements: 2, shape: Array<number>(9).fill(2 ** 30), strides: Array<number>(9).fill(0) } }),
      "overflows",
    ],
    [
      "two descriptions of a storage",
      stateDictPickle({ a: two, b: { ...two, storage: "HalfStorage" } }),
      'storage "0" is described in two ways',
    ],
    ["no tensors", op.program("N"), "holds None where a state dict is needed"],
    ["a list", op.program("]"), "holds a list where"],
    [
      "a training checkpoint",
      op.program("}(", op.text("epoch"), "K", 3, "u"),
      'has no tensors, but a number at "epoch"',
    ],
    ["nested", op.program("}(", op.text("model"), "}", "u"), 'has no tensors, but a dict at "model"'],
    ["number as a name", op.program("}(K", 1, "}", "u"), "has 1 as a key"],
    ["tuple as a name", op.program("}()}u"), "has a tuple as a key"],
  ])("%s", async (_, pickle, message) => {
    const error = await failure(makeTorchZip(pickle, data));
    expect([error.code, error.message]).toEqual(["invalid_weights", expect.stringContaining(message)]);
  });
});

describe("files before torch 1.6", () => {
  const file = golden("legacy");
  const replace = (from: string, to: string) => {
    const text = String.fromCharCode(...file);
    expect(text).toContain(from);
    return bytesOf(text.replace(from, to));
  };

  test.each<[string, Uint8Array, string]>([
    ["other version", replace("M\xe9\x03", "M\xe8\x03"), "its format version is not 1001"],
    ["big-endian", replace("little_endianq\x02\x88", "little_endianq\x02\x89"), "not in little-endian order"],
    ["bytes at the end", bytesOf(file, 0), "bytes follow its last storage"],
  ])("%s", async (_, bytes, message) => {
    expect((await failure(bytes)).message).toMatch(message);
  });

  test("what is no file of torch", async () => {
    const pointer = await failure(bytesOf("version https://git-lfs.github.com/spec/v1\n"));
    expect([pointer.message, pointer.hint]).toEqual([
      expect.stringContaining("is neither a zip archive"),
      expect.stringContaining("Git LFS"),
    ]);
    expect((await failure(bytesOf())).message).toMatch("is neither");
  });
});
