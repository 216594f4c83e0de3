/** Model folders on this machine: picked files, a directory handle, the user's own `read`, or a path on Node. */

import { messageOf, ModelError } from "../../errors";
import { failure, invalidSource, isMissing, type FileFacts, type ModelFiles, type OpenFile } from "./files";
import { below, fromResponse } from "./remote";
import { isNode, nodeModule } from "../../util/node-module";

/** Your own access to the files of a model. */
export interface CustomReader {
  /**
   * @param path the file's name in the model's folder, such as "config.json"
   * @param range reserved; for now always undefined: the whole file is read
   * @param signal of the call to `load`
   * @returns the file as Uint8Array, ArrayBuffer, ReadableStream of Uint8Array, Blob, Response or string; `undefined` or
   * `null` if there is no such file; or a promise of one of these
   */
  read(path: string, range?: { start: number; end: number }, signal?: AbortSignal): unknown;
}

/**
 * Picked files. A file's path begins below the deepest folder that all files with a path have in common.
 * @throws ModelError `invalid_source` for an empty list, what is not a File, and two files of one path
 */
export function openFiles(files: unknown[]): ModelFiles {
  const isFile = (file: unknown): file is File => file instanceof Blob && "name" in file;
  if (files.length === 0) throw invalidSource("The list of files is empty.");
  if (!files.every(isFile)) throw invalidSource("The list holds something that is not a File.");
  const paths = files.map((file) => (file.webkitRelativePath || file.name).split("/"));
  const folders = paths.filter((parts) => parts.length > 1).map((parts) => parts.slice(0, -1));
  let depth = 0;
  while (folders.length > 0 && folders.every((f) => depth < f.length && f[depth] === folders[0][depth])) depth++;
  const byPath = new Map<string, File>();
  files.forEach((file, i) => {
    const path = (paths[i].length > 1 ? paths[i].slice(depth) : paths[i]).join("/");
    if (byPath.has(path)) throw invalidSource(`The list holds two files named "${path}".`);
    byPath.set(path, file);
  });
  return {
    name: folders[0]?.slice(0, depth).join("/") || "the list of files",
    open: async (path) => fromBlob(byPath.get(path)),
    facts: async (path) => factsOfBlob(byPath.get(path)),
  };
}

const fromBlob = (blob: Blob | undefined): OpenFile | undefined => blob && { stream: blob.stream(), size: blob.size };

const factsOfBlob = (blob: Blob | undefined): FileFacts | undefined => blob && { size: blob.size, stored: blob.size };

/** A directory of the File System API. A missing file is an error for which `isMissing` is true. */
export function openDirectory(folder: FileSystemDirectoryHandle): ModelFiles {
  const find = async (path: string): Promise<File> => {
    const parts = path.split("/");
    const file = parts.pop() as string;
    let directory = folder;
    for (const part of parts) directory = await directory.getDirectoryHandle(part);
    return (await directory.getFileHandle(file)).getFile();
  };
  return {
    name: folder.name || "the directory",
    open: async (path) => fromBlob(await find(path)),
    facts: async (path) => factsOfBlob(await find(path)),
  };
}

/** The files that the user's own `read` returns. */
export function openReader(reader: CustomReader): ModelFiles {
  const name = "the source's read()";
  return {
    name,
    async open(path, signal) {
      let value: unknown;
      try {
        value = await reader.read(path, undefined, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (isMissing(error) || error instanceof ModelError) throw error;
        throw failure("network", `${path}: ${name} failed: ${messageOf(error)}`, undefined, error);
      }
      if (value === undefined || value === null) return undefined;
      if (typeof value === "string" || value instanceof ArrayBuffer || ArrayBuffer.isView(value))
        value = new Blob([value as BlobPart]);
      if (value instanceof Blob) return fromBlob(value);
      if (value instanceof Response) return fromResponse(value, path, value.url || name);
      if (typeof value === "object" && "getReader" in (value as object))
        return { stream: value as ReadableStream<Uint8Array> };
      const hint =
        "Return a Uint8Array, ArrayBuffer, ReadableStream, Blob, Response, string, or undefined for no file.";
      throw failure("invalid_source", `${path}: ${name} returned a value of type ${typeof value}, not a file.`, hint);
    },
  };
}

/** Whether there is a folder of this path; in a page there is none. */
export const isNodeFolder = (path: string): boolean =>
  isNode() &&
  nodeModule<typeof import("node:fs")>("node:fs").statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/**
 * A folder on disk, in Node.
 * @param folder its path, or its address with "file:"
 * @throws ModelError `invalid_source` in a page, where a path has no meaning
 */
export function openNodeFolder(folder: string | URL): ModelFiles {
  if (!isNode())
    throw invalidSource(
      `"${folder}" is a relative address, but there is no page to resolve it against. Pass a full URL.`,
    );
  const base = folder instanceof URL ? new URL(folder) : undefined;
  if (base && !base.pathname.endsWith("/")) base.pathname += "/";
  const fileAt = (path: string): string | URL => (base ? below(base, path) : `${folder}/${path}`);
  return {
    name: String(folder),
    async facts(path) {
      const fs = nodeModule<typeof import("node:fs")>("node:fs");
      const stat = await fs.promises.stat(fileAt(path));
      return stat.isFile() ? { size: stat.size, stored: stat.size } : undefined;
    },
    async open(path) {
      const fs = nodeModule<typeof import("node:fs")>("node:fs");
      const { Readable } = nodeModule<typeof import("node:stream")>("node:stream");
      const file = fileAt(path);
      const stat = await fs.promises.stat(file);
      if (!stat.isFile()) return undefined;
      const stream = Readable.toWeb(fs.createReadStream(file, { highWaterMark: 1 << 20 }));
      return { stream: stream as unknown as ReadableStream<Uint8Array>, size: stat.size };
    },
  };
}
