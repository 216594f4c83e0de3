/**
 * Writes the type declarations of the library into dist/types.
 *
 * The sources import each other without an extension, as bundlers allow. TypeScript's `nodenext` resolution does not,
 * and would quietly give its users `any`; so every relative import of the declarations gets its `.js`.
 */

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const types = join(root, "dist/types");

const tsc = join(root, "node_modules/typescript/bin/tsc");
const { status } = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" });
if (status !== 0) process.exit(1);

for (const name of readdirSync(types, { recursive: true, encoding: "utf8" })) {
  if (!name.endsWith(".d.ts")) continue;
  const file = join(types, name);
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace(/(\bfrom |\bimport\(|\bimport )"(\.{1,2}\/[^"]+)"/g, '$1"$2.js"'));
}
