/**
 * A shelf in the origin private file system. In a worker it writes through sync access handles: every byte is in the file as
 * soon as it was written, so nothing is lost if the page is closed. A page has only `createWritable`, whose bytes are in the
 * file when it is closed, so there a piece that was not finished is lost.
 */

import { messageOf } from "../../errors";
import type { Appender, Shelf } from "./shelf";

/** Folder of this package in the file system of the origin. */
const FOLDER = "attendant-models";

/** @throws Error whose message says why there is no shelf */
export async function opfsRoot(): Promise<FileSystemDirectoryHandle> {
  const storage: StorageManager | undefined = (globalThis.navigator as Navigator | undefined)?.storage;
  if (!storage?.getDirectory) throw new Error("There is no file system for this origin (OPFS) here.");
  try {
    return await storage.getDirectory();
  } catch (cause) {
    // Firefox in private windows, frames without storage access.
    const reason = messageOf(cause);
    throw new Error(`The browser refuses the file system of this origin (OPFS): ${reason}`, { cause });
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof DOMException && (error.name === "NotFoundError" || error.name === "TypeMismatchError");

async function ifFound<T>(find: () => Promise<T>): Promise<T | undefined> {
  try {
    return await find();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** What can write a file from here. */
function writer(): "sync" | "stream" | undefined {
  if (typeof FileSystemFileHandle === "undefined") return undefined;
  if ("createSyncAccessHandle" in FileSystemFileHandle.prototype) return "sync";
  return "createWritable" in FileSystemFileHandle.prototype ? "stream" : undefined;
}

/** @throws Error whose message says why there is no shelf */
export async function openOpfsShelf({ readOnly = false } = {}): Promise<Shelf> {
  const root = await opfsRoot();
  const way = writer();
  if (!way && !readOnly) throw new Error("The files of this origin (OPFS) cannot be written from here.");

  const folderAt = async (names: string[], create: boolean): Promise<FileSystemDirectoryHandle> => {
    let folder = root;
    for (const name of [FOLDER, ...names]) folder = await folder.getDirectoryHandle(name, { create });
    return folder;
  };
  const split = (path: string): [string[], string] => {
    const names = path.split("/");
    return [names.slice(0, -1), names[names.length - 1]];
  };
  const append = async (path: string, at: number): Promise<Appender> => {
    const [names, name] = split(path);
    const file = await (await folderAt(names, true)).getFileHandle(name, { create: true });
    return way === "sync" ? appendSync(file, at) : appendStream(file, at);
  };

  return {
    place: "opfs",
    async list(path) {
      const folder = await ifFound(() => folderAt(path === "" ? [] : path.split("/"), false));
      const names: string[] = [];
      if (folder) for await (const name of folder.keys()) names.push(name);
      return names;
    },
    async read(path) {
      const [names, name] = split(path);
      return ifFound(async () => (await (await folderAt(names, false)).getFileHandle(name)).getFile());
    },
    async write(path, bytes) {
      const piece = await append(path, 0);
      try {
        await piece.write(bytes);
      } finally {
        await piece.close();
      }
    },
    append,
    async remove(path) {
      const [names, name] = split(path);
      await ifFound(async () => (await folderAt(names, false)).removeEntry(name, { recursive: true }));
    },
  };
}

/** Of sync access handles, which the types of a page do not have. */
interface SyncHandle {
  truncate(size: number): void;
  write(bytes: Uint8Array, options: { at: number }): number;
  flush(): void;
  close(): void;
}

/** Milliseconds. A worker that was ended holds its files for a moment longer than its locks. */
const HANDLE_WAITS = [20, 50, 100, 200, 400];

async function openSync(file: FileSystemFileHandle, waits = HANDLE_WAITS): Promise<SyncHandle> {
  try {
    return await (file as unknown as { createSyncAccessHandle(): Promise<SyncHandle> }).createSyncAccessHandle();
  } catch (error) {
    const [wait, ...rest] = waits;
    const held = error instanceof DOMException && error.name === "NoModificationAllowedError";
    if (!held || wait === undefined) throw error;
    await new Promise((resolve) => setTimeout(resolve, wait));
    return openSync(file, rest);
  }
}

async function appendSync(file: FileSystemFileHandle, at: number): Promise<Appender> {
  const handle = await openSync(file);
  let end = at;
  try {
    handle.truncate(at);
  } catch (error) {
    handle.close();
    throw error;
  }
  return {
    write(bytes) {
      const written = handle.write(bytes, { at: end });
      end += written;
      if (written < bytes.length) throw new DOMException("Not all bytes were written.", "QuotaExceededError");
    },
    async close() {
      try {
        handle.flush();
      } finally {
        handle.close();
      }
    },
  };
}

async function appendStream(file: FileSystemFileHandle, at: number): Promise<Appender> {
  const stream = await file.createWritable({ keepExistingData: at > 0 });
  if (at > 0) {
    await stream.truncate(at);
    await stream.seek(at);
  }
  return {
    write: (bytes) => stream.write(bytes as Uint8Array<ArrayBuffer>),
    close: () => stream.close(),
  };
}
