/** The library as the package has it, built once for all browser tests, for pages that import it. */

import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { inject } from "vitest";
import { DEMO_ENDPOINT, PACKAGE_ENDPOINT, withoutTests } from "./package-server";

/** The folder that the server has built. */
async function built(endpoint: string): Promise<string> {
  const answer = await fetch(inject("baseUrl") + endpoint);
  const folder = await answer.text();
  if (!answer.ok) throw new Error(`It could not be built: ${folder}`);
  return folder;
}

/** Writes package.json and dist/ without the types into a folder, such as node_modules/attendant of a project. */
export async function copyPackage(folder: string): Promise<void> {
  const dist = join(await built(PACKAGE_ENDPOINT), "dist");
  mkdirSync(folder, { recursive: true });
  copyFileSync("package.json", join(folder, "package.json"));
  cpSync(dist, join(folder, "dist"), { recursive: true });
}

/** Writes the built page into a folder. */
export async function copyDemo(folder: string): Promise<void> {
  cpSync(await built(DEMO_ENDPOINT), folder, { recursive: true });
}

export function runVite(args: string[], cwd = ".", NODE_ENV = "production"): void {
  const vite = join(process.cwd(), "node_modules/vite/bin/vite.js");
  execFileSync(process.execPath, [vite, ...args], { cwd, env: withoutTests(NODE_ENV), stdio: "pipe" });
}
