/** The examples in the hands of a user: types of those in TypeScript, and the one for Node at work. Pages: test/browser/examples.test.ts. */

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import ts from "typescript";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { excerpts, fileLinks } from "../support/node/code-blocks";
import { compile } from "../support/node/compile";

const consumer = inject("consumer");
const EXAMPLES = "examples";
const names = readdirSync(EXAMPLES, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);
const MODEL = resolve("demo/public/models/en-fr");
const [{ text, translation }] = (
  JSON.parse(readFileSync("test/goldens/en_fr_beams.json", "utf8")) as {
    cases: { text: string; translation: string }[];
  }
).cases;

beforeAll(() => {
  cpSync(EXAMPLES, join(consumer, EXAMPLES), { recursive: true, filter: (path) => !path.includes("node_modules") });
  mkdirSync(join(consumer, "node_modules/@types"), { recursive: true });
  for (const name of ["react", "react-dom", "csstype", "@types/react", "@types/react-dom"]) {
    const link = join(consumer, "node_modules", name);
    if (!existsSync(link)) symlinkSync(resolve("node_modules", name), link, "junction");
  }
});

it("are all described", () => {
  const readme = readFileSync(`${EXAMPLES}/README.md`, "utf8");
  const shown = [...readme.matchAll(/^\| \[([\w-]+)\]\(\1\)/gm)].map(([, name]) => name);
  expect(shown.sort()).toEqual([...names].sort());
  for (const name of names) expect(readFileSync("README.md", "utf8")).toContain(`examples/${name}`);
});

describe("the documentation", () => {
  it.each(excerpts())("$name shows $file as it is", ({ file, code }) => {
    expect(readFileSync(file, "utf8")).toContain(code);
  });

  it("shows parts of examples", () => {
    expect(excerpts().length).toBeGreaterThan(2);
  });

  it("links to files and headings that are there", () => {
    const broken = fileLinks().filter(({ page, target }) => {
      const [path, heading] = target.split("#");
      const file = path === "" ? page : join(dirname(page), path);
      if (!existsSync(file)) return true;
      if (heading === undefined) return false;
      const headings = [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, text]) =>
        text
          .toLowerCase()
          .replace(/[^\w\s-]/g, "")
          .replace(/\s/g, "-"),
      );
      return !headings.includes(heading);
    });
    expect(broken).toEqual([]);
  });
});

describe("in TypeScript", () => {
  const sources = names.flatMap((name) => {
    const files = readdirSync(join(EXAMPLES, name), { recursive: true, encoding: "utf8" });
    const own = files.filter((file) => /\.tsx?$/.test(file) && !file.includes("node_modules"));
    return own.length > 0 ? [{ name, files: own.map((file) => join(consumer, EXAMPLES, name, file)) }] : [];
  });

  it.each(sources)("$name compiles for a strict user", ({ files }) => {
    const options: ts.CompilerOptions = {
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      jsx: ts.JsxEmit.ReactJSX,
      lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts", "lib.dom.asynciterable.d.ts"],
      types: [],
      // React's types are its own affair.
      skipLibCheck: true,
    };
    expect(compile(consumer, files, options)).toEqual([]);
  });

  it("are there", () => {
    expect(sources.map(({ name }) => name).sort()).toEqual(["react", "vite"]);
  });
});

describe("for Node", () => {
  const run = (...args: string[]) => {
    const script = join(consumer, EXAMPLES, "node/translate.mjs");
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
      cwd: consumer,
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  };

  it("translates as PyTorch does, with four beams", () => {
    expect(run(MODEL, text)).toEqual({ status: 0, stdout: `${translation}\n`, stderr: "" });
  });

  it("says how it is used", () => {
    expect(run(MODEL)).toEqual({ status: 2, stdout: "", stderr: expect.stringContaining("usage: ") as string });
  });
});
