/** The two usual judges of a package: publint reads package.json, attw resolves the types as TypeScript's users do. */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { expect, inject, it } from "vitest";

it("has nothing that publint suggests, warns of or refuses", async () => {
  const { buffer, byteOffset, byteLength } = readFileSync(inject("tarball"));
  const tarball = buffer.slice(byteOffset, byteOffset + byteLength);
  const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
  expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
});

it("has types that attw finds right for every resolution of an ES module", () => {
  const command = join(
    createRequire(import.meta.url).resolve("@arethetypeswrong/cli/package.json"),
    "../dist/index.js",
  );
  const args = [command, inject("tarball"), "--profile", "esm-only", "--format", "ascii", "--no-color"];
  // A script to be copied, which nobody imports.
  args.push("--exclude-entrypoints", "./attendant-worker.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  const report = stdout + stderr;
  expect(status, report).toBe(0);
  // From an ES module in Node and from a bundler, for `attendant` and `attendant/attendant.js`.
  expect(report.match(/(node16 \(from ESM\)|bundler): 🟢/gu)).toHaveLength(6);
});

it("is built from a lock file that names no registry", () => {
  const lock = readFileSync("package-lock.json", "utf8");
  expect(lock).not.toContain('"resolved"');
  expect(lock.match(/"integrity"/g)?.length).toBeGreaterThan(100);
});
