/** Tokenizers in a page. */

import { loadTokenizer } from "../../../src/text/families/registry";
import { folderIn } from "../shared/folder";

/** @param files contents in base64 */
export async function encodeLines(
  files: Record<string, string>,
  tokenizerClass: string,
  lines: string[],
): Promise<{ ids: number[]; text: string }[]> {
  const contentOf = (file: string): Uint8Array | undefined =>
    Object.hasOwn(files, file) ? Uint8Array.from(atob(files[file]), (c) => c.charCodeAt(0)) : undefined;
  const tokenizer = await loadTokenizer(folderIn(contentOf, { tokenizer_class: tokenizerClass }));
  if (!tokenizer) throw new Error("There is no tokenizer.");
  return lines.map((line) => {
    const ids = tokenizer.encode(line);
    return { ids, text: tokenizer.decode(ids) };
  });
}
