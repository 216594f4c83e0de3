/** Builds the library as the package has it, for tests of pages that import it. */

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";

const VITE = "node_modules/vite/bin/vite.js";

/** Runs Vite in a process of its own, which must not take itself for a test. */
export function runVite(args: string[], cwd = ".", NODE_ENV = "production"): void {
  const env = { ...process.env, VITEST: "", NODE_ENV };
  execFileSync(process.execPath, [join(process.cwd(), VITE), ...args], { cwd, env, stdio: "pipe" });
}

/** Writes package.json and dist/ without the types into a folder, such as node_modules/attendant of a project. */
export function buildPackage(folder: string): void {
  mkdirSync(folder, { recursive: true });
  copyFileSync("package.json", join(folder, "package.json"));
  runVite(["build", "--mode", "library", "--outDir", join(folder, "dist"), "--emptyOutDir"]);
}
