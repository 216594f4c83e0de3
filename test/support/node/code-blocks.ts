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

/**
 * Every block that is marked `ts`, of README.md and of the pages below docs/. One that imports nothing goes on from the last of its page
 * that does.
 */
export function codeBlocks(): CodeBlock[] {
  let whole = "";
  return blocksOf("ts").map(({ name, code }) => {
    if (!/^import /m.test(code)) return { name, code: `${whole}{\n${code}}\n` };
    whole = code;
    return { name, code };
  });
}

/** Whether a block needs a page: what only a browser has, or recognition, which listens to a microphone. */
export const needsPage = (code: string): boolean =>
  /\b(document|navigator|window|createSpeechRecognition)\b/.test(code);

/** Every page of the repository that a reader is sent to, but for what is written by a script or is a history. */
export function allPages(): string[] {
  const more = ["examples", "test", "bench", "training"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".md") && !file.includes("node_modules"))
      .map((file) => `${folder}/${file.replaceAll("\\", "/")}`),
  );
  return [...pages(), "CONTRIBUTING.md", ...more.sort()];
}

/** Every block with a language of all these pages. */
export const allBlocks = (): (CodeBlock & { language: string })[] =>
  allPages().flatMap((file) => {
    const text = readFileSync(file, "utf8");
    return [...text.matchAll(/^( *)```(\w+)\n(.*?)^\1```$/gms)].map(({ 1: space, 2: language, 3: code, index }) => ({
      name: `${file}:${text.slice(0, index).split("\n").length}`,
      language,
      code: code.replaceAll(new RegExp(`^${space}`, "gm"), ""),
    }));
  });

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
