/** Tokenizers in a page. */

import { loadTokenizer } from "../../src/text/families";

/** @param files contents in base64 */
export async function encodeLines(
  files: Record<string, string>,
  tokenizerClass: string,
  lines: string[],
): Promise<{ ids: number[]; text: string }[]> {
  const bytes = (file: string) => {
    const content = files[file];
    return Promise.resolve(content === undefined ? undefined : Uint8Array.from(atob(content), (c) => c.charCodeAt(0)));
  };
  const text = async (file: string) => {
    const content = await bytes(file);
    return content && new TextDecoder().decode(content);
  };
  const json = async (file: string): Promise<unknown> => {
    const content = await text(file);
    return content === undefined ? undefined : (JSON.parse(content) as unknown);
  };
  const tokenizer = await loadTokenizer({ modelConfig: { tokenizer_class: tokenizerClass }, bytes, text, json });
  if (!tokenizer) throw new Error("There is no tokenizer.");
  return lines.map((line) => {
    const ids = tokenizer.encode(line);
    return { ids, text: tokenizer.decode(ids) };
  });
}
