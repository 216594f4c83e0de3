/** The import check itself: it passes on this repository, and it sees what it must see. */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import { expect, test } from "vitest";
import { layers, rules } from "../scripts/layers.js";

/** The names of the rules that a made-up tree of files breaks. */
async function broken(files: Record<string, string>): Promise<string[]> {
  const baseDir = mkdtempSync(join(tmpdir(), "layers-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(baseDir, dirname(name)), { recursive: true });
    writeFileSync(join(baseDir, name), text);
  }
  const { output } = await cruise(["."], {
    baseDir,
    validate: true,
    ruleSet: { forbidden: rules as never },
    tsPreCompilationDeps: true,
  });
  const names = (output as ICruiseResult).summary.violations.map(({ rule }) => rule.name);
  return [...new Set(names)].sort();
}

const TYPE = "export interface A { a: number }\n";

test("a cycle of nothing but types is an error", async () => {
  const files = {
    "src/util/a.ts": `import type { B } from "./b";\nexport interface A { b?: B }\n`,
    "src/util/b.ts": `import type { A } from "./a";\nexport interface B { a?: A }\n`,
  };
  expect(await broken(files)).toEqual(["no-cycle"]);
  expect(await broken({ ...files, "src/util/a.ts": TYPE })).toEqual([]);
});

test("a search that imports a device is an error, for a type, too", async () => {
  const found = await broken({
    "src/ops/ops.ts": TYPE,
    "src/generation/search/greedy.ts": `import type { A } from "../../ops/ops";\nexport type B = A;\n`,
  });
  expect(found).toEqual([expect.stringContaining("generation/search imports only")]);
});

test("what runs in a page can't import Node", async () => {
  const found = await broken({
    "test/support/shared/a.ts": `import { readFileSync } from "node:fs";\nreadFileSync("");\n`,
  });
  expect(found).toEqual(["what runs in a page uses no module of Node"]);
});

test("the table of docs/architecture.md is the tree of src/", () => {
  const rows = readFileSync("docs/architecture.md", "utf8").matchAll(/^\| `src\/([^`]+)\/` +\| [^|]+ \| ([^|]*)\|$/gm);
  const told = [...rows].map(([, folder, allowed]) => [
    folder,
    allowed.match(/`([^`]+)`/g)?.map((x) => x.slice(1, -1)) ?? [],
  ]);
  const folders = readdirSync("src", { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.parentPath.replaceAll("\\", "/").replace(/^src\/?/, ""))
    .filter(Boolean);
  expect(Object.keys(layers).sort()).toEqual([...new Set(folders)].sort());
  expect(Object.fromEntries(told)).toEqual(
    Object.fromEntries(Object.entries(layers).map(([folder, allowed]) => [folder, allowed.filter((x) => x !== "*")])),
  );
});
