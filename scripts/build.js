/** Builds the library: `node scripts/build.js [folder]`, by default into dist/. Types are written by build-types.js. */

import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import process from "node:process";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const [outDir = "dist"] = process.argv.slice(2);
process.chdir(root);
rmSync(outDir, { recursive: true, force: true });
for (const mode of ["library", "worker", "single", "cli"]) {
  await build({ mode, logLevel: "warn", build: { outDir } });
}
