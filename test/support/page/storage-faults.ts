/** Makes the storage of a page or worker fail, one way at a time. Each returns what undoes it. */

type Undo = () => void;

/** Puts a value in the place of a property, which may be inherited. */
function replace(object: object, name: string, value: unknown): Undo {
  const own = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { configurable: true, writable: true, value });
  return () => {
    if (own) Object.defineProperty(object, name, own);
    else delete (object as Record<string, unknown>)[name];
  };
}

const refuse = (name: string) => () => Promise.reject(new DOMException("the test refuses", name));

/** Of sync access handles, which the types of a page do not have. */
interface SyncHandles {
  FileSystemSyncAccessHandle?: { prototype: { write(bytes: Uint8Array, options?: object): number } };
}

/** The storage is full after so many bytes. */
function quotaAfter(bytes: number): Undo {
  let left = bytes;
  const take = (count: number): void => {
    left -= count;
    if (left < 0) throw new DOMException("the test has no more room", "QuotaExceededError");
  };
  const undo: Undo[] = [];
  const sync = (globalThis as SyncHandles).FileSystemSyncAccessHandle?.prototype;
  if (sync) {
    const { write } = sync;
    undo.push(
      replace(sync, "write", function (this: typeof sync, data: Uint8Array, options?: object) {
        take(data.byteLength);
        return write.call(this, data, options);
      }),
    );
  }
  const stream = FileSystemWritableFileStream.prototype;
  const { write } = stream;
  undo.push(
    replace(stream, "write", async function (this: typeof stream, data: Uint8Array<ArrayBuffer>) {
      take(data.byteLength);
      return write.call(this, data);
    }),
  );
  undo.push(replace(Cache.prototype, "put", refuse("QuotaExceededError")));
  return () => undo.forEach((each) => each());
}

/** The bytes of a stored file cannot be read to their end. */
function emptiedWhileRead(): Undo {
  const { stream } = Blob.prototype;
  return replace(Blob.prototype, "stream", function (this: Blob) {
    if (this.size < 10_000) return stream.call(this);
    const start = this.slice(0, 5000);
    let first = true;
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (!first) return controller.error(new DOMException("the test has emptied the store", "NotFoundError"));
        first = false;
        controller.enqueue(new Uint8Array(await start.arrayBuffer()));
      },
    });
  });
}

const noOpfs = (): Undo => replace(StorageManager.prototype, "getDirectory", refuse("SecurityError"));

export const STORAGE_FAULTS = {
  quotaAtOnce: () => quotaAfter(0),
  quotaInTheMiddle: () => quotaAfter(400_000),
  quotaForTheJournal: () => {
    let undo: Undo = () => undefined;
    const sync = (globalThis as SyncHandles).FileSystemSyncAccessHandle?.prototype;
    if (sync) {
      const { write } = sync;
      undo = replace(sync, "write", function (this: typeof sync, data: Uint8Array, options?: object) {
        if (data.byteLength < 500) throw new DOMException("no room for a journal", "QuotaExceededError");
        return write.call(this, data, options);
      });
    }
    return undo;
  },
  locked: () => replace(FileSystemFileHandle.prototype, "createSyncAccessHandle", refuse("NoModificationAllowedError")),
  brokenDisk: () => replace(FileSystemFileHandle.prototype, "createSyncAccessHandle", refuse("InvalidStateError")),
  noOpfs,
  noStorage: () => {
    const undo = [noOpfs(), replace(globalThis, "caches", undefined)];
    return () => undo.forEach((each) => each());
  },
  noLocks: () => replace(navigator, "locks", undefined),
  locksRefused: () => replace(LockManager.prototype, "request", refuse("SecurityError")),
  emptiedWhileRead,
} satisfies Record<string, () => Undo>;

export type StorageFault = keyof typeof STORAGE_FAULTS;

/** Deletes all that the store has, behind its back. */
export async function emptyStore(): Promise<void> {
  const root = await navigator.storage.getDirectory();
  for await (const name of root.keys()) await root.removeEntry(name, { recursive: true });
  for (const name of await caches.keys()) await caches.delete(name);
}

/** Every file of the origin's file system, as `path`. */
async function* allFiles(
  folder: FileSystemDirectoryHandle,
  path = "",
): AsyncGenerator<[string, FileSystemDirectoryHandle]> {
  for await (const [name, entry] of folder.entries()) {
    if (entry.kind === "directory") yield* allFiles(entry as FileSystemDirectoryHandle, `${path}${name}/`);
    else yield [`${path}${name}`, folder];
  }
}

/** Overwrites (with a text) or removes the files of the store whose path ends so. Returns how many. */
export async function damage(ending: string, text?: string): Promise<number> {
  const found: [string, FileSystemDirectoryHandle][] = [];
  for await (const entry of allFiles(await navigator.storage.getDirectory()))
    if (entry[0].endsWith(ending)) found.push(entry);
  for (const [path, folder] of found) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    await folder.removeEntry(name);
    if (text === undefined) continue;
    const writable = await (await folder.getFileHandle(name, { create: true })).createWritable();
    await writable.write(text);
    await writable.close();
  }
  return found.length;
}

/** Cuts the stored pieces of weights to half of their bytes, or changes a byte in the middle of them. */
export async function damagePieces(how: "cut" | "flip"): Promise<number> {
  let count = 0;
  for await (const [path, folder] of allFiles(await navigator.storage.getDirectory())) {
    if (!path.endsWith("model.safetensors/0")) continue;
    const handle = await folder.getFileHandle("0");
    const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
    const middle = bytes.length >> 1;
    bytes[middle] ^= 0x55;
    const writable = await handle.createWritable();
    await writable.write(how === "cut" ? bytes.subarray(0, middle) : bytes);
    await writable.close();
    count++;
  }
  return count;
}
