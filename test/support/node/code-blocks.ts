/** The TypeScript that the documentation shows. */

import { readdirSync, readFileSync } from "node:fs";

export interface CodeBlock {
  /** File and line: "README.md:27". */
  name: string;
  code: string;
}

/** Every block that is marked `ts`, of README.md and of the pages below docs/. */
export function codeBlocks(): CodeBlock[] {
  const pages = readdirSync("docs", { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".md"));
  return ["README.md", ...pages.map((file) => `docs/${file.replaceAll("\\", "/")}`)].flatMap((file) => {
    const text = readFileSync(file, "utf8");
    return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(({ 1: code, index }) => ({
      name: `${file}:${text.slice(0, index).split("\n").length}`,
      code,
    }));
  });
}
