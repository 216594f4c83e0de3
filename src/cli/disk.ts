/** Folders on this machine: written to, and looked into. */

import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { mkdir, open, readdir, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { ModelError } from "../errors";
import type { FolderWriter } from "./pack-folder";

/**
 * Writes to a folder, which is made if it is not there.
 * @throws ModelError `invalid_option` for one that has files in it
 */
export async function writeFolder(folder: string): Promise<FolderWriter & { close(): Promise<void> }> {
  if (existsSync(folder) && (!(await stat(folder)).isDirectory() || (await readdir(folder)).length > 0))
    throw new ModelError("invalid_option", `${folder} exists, and is not an empty folder.`, "Name a new folder.");
  await mkdir(folder, { recursive: true });
  const handles = new Map<string, FileHandle>();
  return {
    async write(file, bytes, position) {
      const handle = handles.get(file) ?? (await open(join(folder, file), "w"));
      handles.set(file, handle);
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
        done += bytesWritten;
      }
    },
    async finish(file) {
      await handles.get(file)?.close();
      handles.delete(file);
      return listedFile(join(folder, file));
    },
    async close() {
      for (const handle of handles.values()) await handle.close();
    },
  };
}

/** Size and SHA-256 of a file. */
export async function listedFile(path: string): Promise<{ size: number; sha256: string }> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { size, sha256: hash.digest("hex") };
}
