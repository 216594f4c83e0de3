/** Packs the package as `npm publish` would and installs it in an empty project: once, for all tests of the package. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** The archive that `npm pack` made. */
    tarball: string;
    /** The folder of a project that has it installed, and nothing else. */
    consumer: string;
  }
}

export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "attendant-package-"));
  const remove = () => rmSync(folder, { recursive: true });
  try {
    const run = (cwd: string, args: string[]): void => {
      // The build must not take itself for a test.
      const env = { ...process.env, VITEST: "", NODE_ENV: "production" };
      execFileSync("npm", args, { cwd, env, stdio: "pipe", shell: process.platform === "win32" });
    };
    run(".", ["pack", "--pack-destination", folder]);
    const [archive] = readdirSync(folder);
    const consumer = join(folder, "consumer");
    mkdirSync(consumer);
    writeFileSync(join(consumer, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
    run(consumer, ["install", "--offline", "--no-audit", "--no-fund", join(folder, archive)]);
    project.provide("tarball", join(folder, archive));
    project.provide("consumer", consumer);
  } catch (error) {
    const { stderr, stdout } = error as { stderr?: Buffer; stdout?: Buffer };
    console.error(String(stdout ?? ""), String(stderr ?? ""));
    remove();
    throw error;
  }
  return remove;
}
