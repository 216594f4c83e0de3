/** What package.json promises is in the archive: entries, the command, side effects, version and changelog. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, inject, it } from "vitest";

const root = join(inject("consumer"), "node_modules/attendant");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  version: string;
  keywords: string[];
  bin: Record<string, string>;
  exports: Record<string, string | Record<string, string>>;
  sideEffects: string[];
};

it("names files that are there", () => {
  const entries = Object.values(manifest.exports).flatMap((entry) =>
    Object.values(typeof entry === "string" ? [entry] : entry),
  );
  const built = manifest.sideEffects.filter((file) => file.startsWith("./dist/"));
  expect(entries.length + built.length).toBeGreaterThan(7);
  for (const file of [...entries, ...built, ...Object.values(manifest.bin)])
    expect(existsSync(join(root, file)), file).toBe(true);
});

it("has the library alone: neither the page nor its models", () => {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
    (name) => !name.startsWith("node_modules"),
  );
  const others = files.filter((name) => !/^dist(\/|$)/.test(name.replaceAll("\\", "/")));
  expect(others.sort()).toEqual(["LICENSE", "README.md", "package.json"]);
  const weights = files.filter((name) => /\.(safetensors|bin|onnx)$/.test(name));
  expect(weights).toEqual([join("dist", "silero-vad.safetensors")]);
});

it("says that importing a name has no side effects, but for scripts that start by themselves", () => {
  const scripts = ["attendant-worker.js", "attendant-cli.js", "thread.js"].map((name) => `./dist/${name}`);
  expect(manifest.sideEffects.filter((file) => file.startsWith("./dist/")).sort()).toEqual(scripts.sort());
  // The sources of the same, for the bundlers of the demo and of the tests.
  for (const file of manifest.sideEffects.filter((name) => name.startsWith("./src/")))
    expect(existsSync(file), file).toBe(true);
});

it("has a semantic version, which the changelog names, and words to be found by", () => {
  expect(manifest.version).toMatch(/^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[\w.-]+)?$/);
  expect(readFileSync("CHANGELOG.md", "utf8")).toMatch(
    new RegExp(`^## ${manifest.version.replaceAll(".", "\\.")}\\b`, "m"),
  );
  expect(new Set(manifest.keywords).size).toBe(manifest.keywords.length);
  expect(manifest.keywords.length).toBeGreaterThan(10);
});
