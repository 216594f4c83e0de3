/** Finds the weight files of a model's folder and reads them as one list of tensors. */

import { ModelError, quote } from "../errors";
import { readText, type DownloadOptions } from "./sources/download";
import { readSafetensors } from "./formats/safetensors";
import type { ModelFiles, OpenFile } from "./sources/files";
import { isFields } from "../util/fields";
import { parseStrictJson } from "./formats/json";
import { announce, invalidWeights } from "./formats/tensors";
import type { TensorInfo, TensorPiece, Wanted, WeightOptions } from "./formats/tensors";
import { loadPart } from "../util/part";

/** In the order of preference of Hugging Face transformers (`_get_resolved_checkpoint_files`). */
export const WEIGHT_FILES = ["model.safetensors", "pytorch_model.bin"];
const MAX_SHARDS = 10_000;

export interface Weights {
  /** Name of the file that was found, for messages. */
  name: string;
  /** All tensors, shard by shard. `onHeader` is called once, before the first tensor. May be called once. */
  read(options: WeightOptions): AsyncGenerator<TensorPiece, void, undefined>;
  /** Closes the file if `read` was not called. */
  close(): Promise<void>;
}

/**
 * Takes the first weight file that exists, in the order of the names.
 * @throws ModelError `file_not_found` with the names, `invalid_weights` for a broken index
 */
export async function findWeights(files: ModelFiles, options: DownloadOptions): Promise<Weights> {
  const lookedFor: string[] = [];
  for (const name of WEIGHT_FILES) {
    const file = await files.open(name, options.signal);
    if (file) {
      return {
        name,
        read: (given) => readFile(files, file, name, given),
        close: async () => {
          if (!file.stream.locked) await file.stream.cancel().catch(() => undefined);
        },
      };
    }
    const index = `${name}.index.json`;
    const text = await readText(files, index, { ...options, errorCode: "invalid_weights" });
    if (text !== undefined) {
      const shards = parseIndex(text, index);
      return { name: index, read: (given) => readShards(files, shards, index, given), close: async () => {} };
    }
    lookedFor.push(name, index);
  }
  throw new ModelError(
    "file_not_found",
    `${files.name}: there are no weights; looked for ${lookedFor.join(", ")}.`,
    "Weights of TensorFlow, Flax and ONNX, variants such as model.fp16.safetensors and adapters (LoRA) are not read. " +
      'On the Hugging Face Hub converted weights are often in a pull request: try { repo, revision: "refs/pr/1" }.',
  );
}

async function* readFile(
  files: ModelFiles,
  file: OpenFile,
  name: string,
  options: WeightOptions,
): AsyncGenerator<TensorPiece, void, undefined> {
  if (name.endsWith(".safetensors")) return yield* readSafetensors(file, name, options);
  let readTorch: typeof import("./formats/torch/torch").readTorch;
  try {
    ({ readTorch } = await loadPart("reads .bin files", () => import("./formats/torch/torch")));
  } catch (error) {
    await file.stream.cancel().catch(() => undefined);
    throw error;
  }
  yield* readTorch(file, name, { ...options, reopen: () => files.open(name, options.signal) });
}

/**
 * Reads an index: `{ "weight_map": { tensor: shard }, "metadata": ... }`. The metadata is not used.
 * @returns the shards in order of their names
 * @throws ModelError `invalid_weights`
 */
export function parseIndex(text: string, path: string): string[] {
  const { weight_map: map } = parseStrictJson(text, (rule) => invalidWeights(path, rule));
  if (!isFields(map)) throw invalidWeights(path, "weight_map is not an object.");
  const extension = path.includes(".safetensors.") ? ".safetensors" : ".bin";
  const shards = new Set<string>();
  for (const [tensor, shard] of Object.entries(map)) {
    const fail = (rule: string) => invalidWeights(path, `the shard of tensor ${quote(tensor)} ${rule}`);
    if (typeof shard !== "string") throw fail("is not a file name.");
    // An index may be written by anyone, so it must not lead out of the folder or to another host.
    if (!/^[\w-][\w.-]*$/.test(shard) || !shard.endsWith(extension))
      throw fail(`is ${quote(shard)}, which is not the plain name of a ${extension} file.`);
    shards.add(shard);
  }
  if (shards.size > MAX_SHARDS)
    throw invalidWeights(path, `names ${shards.size} shards, over the limit of ${MAX_SHARDS}.`);
  return [...shards].sort((a, b) => (a < b ? -1 : 1));
}

async function openShard(files: ModelFiles, name: string, index: string, options: DownloadOptions): Promise<OpenFile> {
  const file = await files.open(name, options.signal);
  if (file) return file;
  throw new ModelError("file_not_found", `${files.name}: there is no ${name}, which ${index} names.`);
}

/**
 * Reads the headers of all shards first, because building a model needs all names and shapes. Then each shard is opened again
 * and read to its end. As in transformers, the tensors that are in a shard count, even
 * if the index lists others. If two shards have a tensor of the same name, the later one counts.
 */
async function* readShards(
  files: ModelFiles,
  shards: readonly string[],
  index: string,
  options: WeightOptions,
): AsyncGenerator<TensorPiece, void, undefined> {
  const headers = new Map<string, TensorInfo[]>();
  for (const shard of shards) {
    const file = await openShard(files, shard, index, options);
    const onHeader = (tensors: TensorInfo[]): Wanted => {
      headers.set(shard, tensors);
      return () => false;
    };
    const header = readFile(files, file, shard, {
      signal: options.signal,
      onHeader,
      onUnread: options.onUnread,
      headerOnly: true,
    });
    for await (const piece of header) throw invalidWeights(shard, `tensor ${quote(piece.name)} came with the header.`);
  }
  const last = new Map([...headers].flatMap(([shard, tensors]) => tensors.map(({ name }) => [name, shard] as const)));
  const kept = [...headers].flatMap(([shard, tensors]) => {
    const isOf = (name: string) => last.get(name) === shard;
    const own = tensors.filter(({ name }) => isOf(name));
    // A tensor whose twin comes from another shard is read for itself.
    return own.map((tensor) => (tensor.sameAs && !isOf(tensor.sameAs) ? { ...tensor, sameAs: undefined } : tensor));
  });
  const wanted = announce(index, kept, options);
  if (options.headerOnly) return;
  for (const shard of shards) {
    const file = await openShard(files, shard, index, options);
    const before = JSON.stringify(headers.get(shard));
    const onHeader = (tensors: TensorInfo[]): Wanted => {
      if (JSON.stringify(tensors) !== before) throw invalidWeights(shard, "changed while the model was loading.");
      return (name) => last.get(name) === shard && wanted(name);
    };
    yield* readFile(files, file, shard, { ...options, onHeader, onUnread: undefined });
  }
}
