/** What a build leaves of the shaders: everything but comments and spaces, on the lines where it was. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { stripWgsl } from "../../scripts/wgsl.js";

describe("stripWgsl", () => {
  it.each([
    ["a comment at the end of a line", "let a = 1u; // one\nlet b = 2u;\n", "let a=1u;\nlet b=2u;\n"],
    ["a line of comment and an empty line", "// header\n\n  a();", "\n\na();"],
    ["a comment without an end of line", "a(); // done", "a();"],
    ["a division", "let a = b / c / d;", "let a=b/c/d;"],
    ["a block between two words", "let/* the */a = 1;", "let a=1;"],
    ["blocks in a block, and their lines", "a();/* 1\n/* 2\n*/ // */ b();\n", "a();\n\nb();\n"],
    ["a line comment that begins a block", "a(); // /*\nb();", "a();\nb();"],
    ["signs side by side", "x = -a - -b & &c; if (a) { y = (a < b); }", "x= -a- -b& &c;if(a) {y= (a<b); }"],
    ["no comment where one ends that never began", "a = b * /c;", "a=b* /c;"],
  ])("%s", (_what, source, expected) => {
    expect(stripWgsl(source)).toBe(expected);
  });

  it("changes nothing the second time", () => {
    const once = stripWgsl("  f(); // x\n/* y */ g();\n");
    expect(stripWgsl(once)).toBe(once);
  });
});

describe("the shaders of the package", () => {
  const files = readdirSync("shaders").filter((name) => name.endsWith(".wgsl"));
  const dist = join(inject("consumer"), "node_modules/attendant/dist");
  const built = [["webgpu.js", "speech-gpu.js", "profile-gpu.js"], ["attendant-worker.js"], ["attendant.js"]].map(
    (names) => names.map((name) => readFileSync(join(dist, name), "utf8")).join("\n"),
  );

  it.each(files)("%s is in it, with every line in its place", (name) => {
    const source = readFileSync(`shaders/${name}`, "utf8");
    const stripped = stripWgsl(source);
    expect(stripped.split("\n").length).toBe(source.split("\n").length);
    const words = (text: string) => text.match(/[\w.]+|[^\w.\s]/g) ?? [];
    source.split("\n").forEach((line, i) => {
      if (!line.includes("/*")) expect(words(stripped.split("\n")[i])).toEqual(words(line.replace(/\/\/.*/, "")));
    });
    for (const module of built) expect(module.includes(stripped)).toBe(true);
  });

  it("have no comment left", () => {
    const comments = files.flatMap((name) => readFileSync(`shaders/${name}`, "utf8").match(/\/\/.{20,}/g) ?? []);
    expect(comments.length).toBeGreaterThan(100);
    for (const module of built) expect(comments.filter((comment) => module.includes(comment))).toEqual([]);
  });
});
