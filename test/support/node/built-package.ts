/** The library as the package has it, built once for all browser tests, for pages that import it. */

import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { inject } from "vitest";
import { PACKAGE_ENDPOINT, withoutTests } from "./package-server";

/** Writes package.json and dist/ without the types into a folder, such as node_modules/attendant of a project. */
export async function copyPackage(folder: string): Promise<void> {
  const answer = await fetch(inject("baseUrl") + PACKAGE_ENDPOINT);
  const built = await answer.text();
  if (!answer.ok) throw new Error(`The package could not be built: ${built}`);
  mkdirSync(folder, { recursive: true });
  copyFileSync("package.json", join(folder, "package.json"));
  cpSync(join(built, "dist"), join(folder, "dist"), { recursive: true });
}

export function runVite(args: string[], cwd = ".", NODE_ENV = "production"): void {
  const vite = join(process.cwd(), "node_modules/vite/bin/vite.js");
  execFileSync(process.execPath, [vite, ...args], { cwd, env: withoutTests(NODE_ENV), stdio: "pipe" });
}
