/**
 * Reads `pytorch_model.bin`, a state dict that `torch.save` wrote, in its two formats (torch/serialization.py):
 *
 * - Since torch 1.6 it is a zip archive. data.pkl describes the tensors, data/KEY holds the bytes of each storage. torch
 *   writes the description first, so the file is read forward and each tensor is delivered as its bytes arrive.
 * - Before (most OPUS-MT models are that old) it is five pickles, then the storages. The fourth pickle describes the tensors.
 *
 * pickle.ts runs the pickles; it can build tensors and nothing else.
 */

import { quote } from "../../../errors";
import { ByteReader } from "../byte-reader";
import { unpickle } from "./pickle";
import { PickleTooShort } from "./pickle-reader";
import { Dict, kindOf, type Storage } from "./pickle-values";
import type { OpenFile } from "../../sources/files";
import { announce, invalidWeights, textHint, type TensorPiece, type Wanted, type WeightOptions } from "../tensors";
import { readStorage, stateDict, type NamedView } from "./torch-storage";
import { ZipReader } from "./zip";

export interface TorchOptions extends WeightOptions {
  /** Opens the same file again. Needed for archives whose description comes after the data. */
  reopen?: () => Promise<OpenFile | undefined>;
}

/** A description of 10,000 tensors takes about 2 MB. */
const MAX_PICKLE = 32 * 2 ** 20;

/**
 * The first pickle of files before torch 1.6, in hexadecimal: its protocol (with a frame from protocol 4 on), the number
 * 0x1950a86a20f9469cfc6c, stop.
 */
const LEGACY_MAGIC = /^80(?:0[23]|0[45]950d0{14})8a0a6cfc9c46f9206aa850192e/;
const MAX_LEGACY_MAGIC = 24;

/**
 * Reads a file's tensors, a few rows at a time, in the order of the file's storages. Leaving the loop early cancels the
 * stream.
 * @param path for messages and progress
 * @throws ModelError `invalid_weights` with the rule that the file breaks, and as `readSafetensors`
 */
export async function* readTorch(
  file: OpenFile,
  path: string,
  options: TorchOptions = {},
): AsyncGenerator<TensorPiece, void, undefined> {
  const bytes = new ByteReader(file, path, options);
  try {
    const start = await bytes.peek(MAX_LEGACY_MAGIC);
    const hex = [...start].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const magic = LEGACY_MAGIC.exec(hex)?.[0];
    if (hex.startsWith("504b0304")) yield* readArchive(bytes, options);
    else if (magic) {
      await bytes.skip(magic.length / 2);
      yield* readLegacy(bytes, options);
    } else {
      const rule = "is not a file that torch.save wrote: it is neither a zip archive nor the older format.";
      throw invalidWeights(path, rule, textHint(start));
    }
  } finally {
    await bytes.close();
  }
}

/** The tensors that a pickle describes; `read` delivers those of one storage. */
class Checkpoint {
  readonly tensors: NamedView[];
  /** Names of what is not a tensor. */
  readonly others: string[];
  private readonly views = new Map<string, NamedView[]>();
  private readonly storages: Map<string, Storage>;

  constructor(
    { value, storages }: Unpickled,
    private readonly bytes: ByteReader,
  ) {
    ({ tensors: this.tensors, others: this.others } = stateDict(value, storages, bytes.path));
    this.storages = storages;
    for (const tensor of this.tensors) {
      const { key } = tensor.view.storage;
      const views = this.views.get(key);
      if (views) views.push(tensor);
      else this.views.set(key, [tensor]);
    }
  }

  /** Of a tensor, or of something that is read past; undefined once it was read. */
  storage(key: string): Storage | undefined {
    return this.storages.get(key);
  }

  /** Reads one storage. Each may be read once. */
  async *read(key: string, wanted: Wanted, bytes = this.bytes): AsyncGenerator<TensorPiece, void, undefined> {
    const storage = this.storages.get(key);
    if (!storage) throw invalidWeights(bytes.path, `storage ${quote(key)} belongs to no tensor, or comes twice.`);
    yield* readStorage(bytes, storage, this.views.get(key) ?? [], wanted);
    this.views.delete(key);
    this.storages.delete(key);
  }

  checkComplete(): void {
    for (const [key, [{ name }]] of this.views)
      throw invalidWeights(this.bytes.path, `there is no storage ${quote(key)}, which tensor ${quote(name)} needs.`);
  }
}

type Unpickled = Omit<ReturnType<typeof unpickle>, "length">;

async function readPickle(bytes: ByteReader): Promise<Unpickled> {
  for (let length = 1 << 16; ; length *= 4) {
    const ahead = await bytes.peek(Math.min(length, MAX_PICKLE));
    try {
      const { length: taken, ...result } = unpickle(ahead, bytes.path);
      await bytes.skip(taken);
      return result;
    } catch (error) {
      if (!(error instanceof PickleTooShort)) throw error;
      if (length >= MAX_PICKLE) throw invalidWeights(bytes.path, `its pickle is longer than ${MAX_PICKLE} bytes.`);
      if (ahead.length < length) throw invalidWeights(bytes.path, "the file ends within its pickle (truncated).");
    }
  }
}

function announceCheckpoint(path: string, { tensors, others }: Checkpoint, options: WeightOptions): Wanted {
  options.onUnread?.(path, others);
  return announce(path, tensors, options);
}

async function* readArchive(first: ByteReader, options: TorchOptions): AsyncGenerator<TensorPiece, void, undefined> {
  const { path } = first;
  const found = await findPickle(first, options);
  const { checkpoint, bytes, zip } = found;
  try {
    const wanted = announceCheckpoint(path, checkpoint, options);
    if (options.headerOnly) return;
    for (let entry = await zip.next(); entry; entry = await zip.next()) {
      const name = withoutFolder(path, entry.name, found.folder);
      if (name.startsWith("data/")) {
        const key = name.slice("data/".length);
        const storage = checkpoint.storage(key);
        if (storage && entry.size !== undefined && entry.size !== storage.size)
          throw invalidWeights(path, `entry ${quote(entry.name)} does not have the size of its storage.`);
        yield* checkpoint.read(key, wanted, bytes);
        await zip.close();
      } else if (name === "data.pkl") {
        await readPickle(bytes);
        await zip.close();
      } else {
        checkOther(path, name, await zip.small());
      }
    }
    checkpoint.checkComplete();
    await zip.finish();
  } finally {
    await bytes.close();
  }
}

/** Finds the description. Returns the archive open after it or, if data came before the description, open at its start. */
async function findPickle(bytes: ByteReader, options: TorchOptions) {
  const { path } = bytes;
  const zip = new ZipReader(bytes);
  let isFirst = true;
  for (let entry = await zip.next(); entry; entry = await zip.next()) {
    const folder = entry.name.slice(0, entry.name.indexOf("/") + 1);
    const name = entry.name.slice(folder.length);
    if (name === "data.pkl") {
      const checkpoint = new Checkpoint(await readPickle(bytes), bytes);
      await zip.close();
      if (isFirst) return { checkpoint, folder, bytes, zip };
      await bytes.close();
      const again = await options.reopen?.();
      if (!again) break;
      const second = new ByteReader(again, path, options);
      return { checkpoint, folder, bytes: second, zip: new ZipReader(second) };
    }
    if (name.startsWith("data/")) {
      isFirst = false;
      await zip.skip();
    } else {
      checkOther(path, name, await zip.small());
    }
  }
  throw invalidWeights(path, "there is no data.pkl before the data: this zip archive was not made by torch.save.");
}

function withoutFolder(path: string, name: string, folder: string): string {
  if (name.startsWith(folder)) return name.slice(folder.length);
  throw invalidWeights(path, `entry ${quote(name)} is not in the folder ${quote(folder)} of the others.`);
}

/** The other entries of the archive are a few bytes each, of which two matter. */
function checkOther(path: string, name: string, data: Uint8Array): void {
  if (name === "byteorder" && String.fromCharCode(...data) !== "little")
    throw invalidWeights(path, "its bytes are not in little-endian order.");
  if (name === "constants.pkl" || name.startsWith("code/"))
    throw invalidWeights(path, "is a TorchScript program.", "Save model.state_dict() with torch.save.");
}

async function* readLegacy(bytes: ByteReader, options: WeightOptions): AsyncGenerator<TensorPiece, void, undefined> {
  const { path } = bytes;
  const { value: version } = await readPickle(bytes);
  if (version !== 1001) throw invalidWeights(path, `its format version is not 1001.`);
  const { value: system } = await readPickle(bytes);
  if (!(system instanceof Dict) || system.entries.get("little_endian") !== true)
    throw invalidWeights(path, "its bytes are not in little-endian order.");
  const checkpoint = new Checkpoint(await readPickle(bytes), bytes);
  const wanted = announceCheckpoint(path, checkpoint, options);
  if (options.headerOnly) return;
  const { value: keys } = await readPickle(bytes);
  if (!Array.isArray(keys)) throw invalidWeights(path, "its list of storages is missing.");
  for (const key of keys) {
    const storage = typeof key === "string" ? checkpoint.storage(key) : undefined;
    if (!storage)
      throw invalidWeights(
        path,
        `storage ${quote(typeof key === "string" ? key : kindOf(key))} belongs to no tensor, or comes twice.`,
      );
    const length = await bytes.take(8);
    const elements = length.length < 8 ? -1 : Number(new DataView(length.buffer).getBigUint64(0, true));
    if (elements !== storage.elements)
      throw invalidWeights(
        path,
        `storage ${quote(storage.key)} does not have the ${storage.elements} elements described.`,
      );
    yield* checkpoint.read(storage.key, wanted);
  }
  checkpoint.checkComplete();
  if (await bytes.more()) throw invalidWeights(path, "bytes follow its last storage.");
}
