/** A model's folder in memory, as the tokenizers read it; in a page and in Node. */

import type { Folder } from "../../../src/text/folder";

/** @param contentOf the bytes of a file; undefined where there is none of that name */
export function folderIn(
  contentOf: (file: string) => Uint8Array | undefined,
  modelConfig: Record<string, unknown>,
): Folder {
  const text = (file: string): string | undefined => {
    const content = contentOf(file);
    return content && new TextDecoder().decode(content);
  };
  return {
    modelConfig,
    bytes: async (file) => contentOf(file),
    text: async (file) => text(file),
    json: async (file) => {
      const content = text(file);
      return content === undefined ? undefined : (JSON.parse(content) as unknown);
    },
  };
}
