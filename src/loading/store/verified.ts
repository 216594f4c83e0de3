/** A folder whose files are compared with their SHA-256 as they are read: for sources that need no store. */

import type { ModelFiles } from "../sources/files";
import { createHasher, wrongHash } from "./sha256";

/** @param hashOf SHA-256 in hex of a file; undefined for one that is not compared */
export function verified(
  folder: ModelFiles,
  hashOf: (file: string) => string | undefined,
  onVerify: (file: string) => void,
): ModelFiles {
  return {
    ...folder,
    async open(path, signal) {
      const file = await folder.open(path, signal);
      const expected = hashOf(path);
      if (!file || expected === undefined) return file;
      const hasher = createHasher();
      const check = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          hasher.update(chunk);
          controller.enqueue(chunk);
        },
        flush(controller) {
          onVerify(path);
          const found = hasher.hex();
          if (found !== expected) controller.error(wrongHash(path, found, expected));
        },
      });
      return { ...file, stream: file.stream.pipeThrough(check) };
    },
  };
}
