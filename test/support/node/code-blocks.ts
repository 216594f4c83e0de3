/** The TypeScript that the documentation shows. */

import { readdirSync, readFileSync } from "node:fs";

export interface CodeBlock {
  /** File and line: "README.md:27". */
  name: string;
  code: string;
}

/** README.md and the pages below docs/. */
function pages(): string[] {
  const found = readdirSync("docs", { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".md"));
  return ["README.md", ...found.map((file) => `docs/${file.replaceAll("\\", "/")}`)];
}

function blocksOf(language: string): CodeBlock[] {
  return pages().flatMap((file) => {
    const text = readFileSync(file, "utf8");
    return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(({ 1: code, index }) => ({
      name: `${file}:${text.slice(0, index).split("\n").length}`,
      code,
    }));
  });
}

/** Every block that is marked `ts`, of README.md and of the pages below docs/. */
export const codeBlocks = (): CodeBlock[] => blocksOf("ts");

/** Every block that shows a part of an example: its first line names the file. */
export function excerpts(): (CodeBlock & { file: string })[] {
  return blocksOf("(?:tsx|js)").flatMap(({ name, code }) => {
    const [, file, rest] = /^\/\/ (examples\/\S+)\n([^]*)$/.exec(code) ?? [];
    return file === undefined ? [] : [{ name, file, code: rest }];
  });
}

/** Every link of these pages to a file of the repository, with its page. */
export function fileLinks(): { page: string; target: string }[] {
  return pages().flatMap((page) => {
    const links = [...readFileSync(page, "utf8").matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
    return links.filter((target) => !/^(https?:|#)/.test(target)).map((target) => ({ page, target }));
  });
}
