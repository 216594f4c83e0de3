/**
 * A model's folder, packed: its weights, copies of the other files that a load reads, and a manifest of all of them. The tokenizer's
 * JSON is written without white space, which can be a third of it.
 */

import { readModel } from "../engine/load";
import { openStored } from "../engine/model-files";
import { ModelError } from "../errors";
import { readBytes } from "../loading/sources/download";
import type { ListedFile, ModelFiles } from "../loading/sources/files";
import { MANIFEST, writeManifest } from "../loading/sources/manifest";
import { withoutSpaces } from "./json-bytes";
import { packWeights, type PackedWeights, type PackOptions, type Writer } from "./pack-weights";

/** What the files of a folder are written with. */
export interface FolderWriter extends Writer {
  /** Ends the writing of a file. */
  finish(this: void, file: string): Promise<ListedFile>;
}

/** What people, and other software, want to find beside the weights. No load reads these. */
const MORE = ["README.md", "LICENSE", "LICENSE.md", "LICENSE.txt", "NOTICE", "CREDITS.txt", "preprocessor_config.json"];

/** Long JSON that nobody reads by eye. */
const COMPACT: readonly string[] = ["tokenizer.json", "tokenizer_config.json", "vocab.json"];

export interface PackedFolder extends PackedWeights {
  /** All files but the manifest, with their sizes. */
  files: ReadonlyMap<string, ListedFile>;
}

/**
 * @param folder that is read
 * @param writer of another one
 * @throws ModelError as a load would, and `invalid_option` for a folder that is packed already
 */
export async function packFolder(
  folder: ModelFiles,
  writer: FolderWriter,
  options: PackOptions & { onWarning: (message: string) => void },
): Promise<PackedFolder> {
  const { onWarning, signal } = options;
  const files = await openStored(folder, { cache: false, onWarning, signal });
  const { dtype } = (await files.manifest?.(signal)) ?? {};
  if (dtype !== undefined)
    throw new ModelError("invalid_option", `pack: ${files.name} is packed already, as ${dtype}.`);
  const read = new Set<string>();
  const watched: ModelFiles = {
    ...files,
    async open(path, ...rest) {
      const file = await files.open(path, ...rest);
      if (file) read.add(path);
      return file;
    },
  };
  const { config } = await readModel(watched, { signal, onWarning });
  const packed = await packWeights(files, config, writer, options);
  const written = [...packed.shards.map(({ file }) => file), ...(packed.index === undefined ? [] : [packed.index])];
  for (const file of [...read, ...MORE.filter((name) => !read.has(name))]) {
    const bytes = await readBytes(files, file, { signal });
    if (!bytes) continue;
    await writer.write(file, COMPACT.includes(file) ? withoutSpaces(bytes) : bytes, 0);
    written.push(file);
  }
  const listed = new Map<string, ListedFile>();
  for (const file of written.sort()) listed.set(file, await writer.finish(file));
  const manifest = writeManifest({ dtype: options.format, files: listed });
  await writer.write(MANIFEST, new TextEncoder().encode(manifest), 0);
  await writer.finish(MANIFEST);
  await files.ended?.();
  return { ...packed, files: listed };
}
