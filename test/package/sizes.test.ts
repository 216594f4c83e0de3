/** How much a page downloads. A part that outgrows its budget fails; make it smaller before you raise the number. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, inject, it } from "vitest";

/** Bytes after gzip. */
const BUDGET = {
  /** What `index.js` imports at once. */
  core: 46_000,
  /** The backend for GPUs with its shaders. */
  webgpu: 27_000,
  cpu: 7_000,
  /** Beam search, sampling and logits processors in JavaScript. */
  host: 5_500,
  /** The kernels in two modules, in base64, and the backend. */
  wasm: 18_000,
  /** Several threads in WebAssembly, without the script of a thread. */
  threads: 3_200,
  /** The script of a thread. */
  thread: 700,
  text: 33_000,
  /** `forward`, attentions and hidden states. */
  outputs: 1_500,
  torch: 9_000,
  /** All of these. */
  everything: 140_000,
  /** The same in one file. */
  "attendant.js": 138_000,
};

const dist = join(inject("consumer"), "node_modules/attendant/dist");
const read = (file: string): string => readFileSync(join(dist, file), "utf8");
const modules = readdirSync(dist).filter((file) => file.endsWith(".js"));
const parts = modules.filter((file) => file !== "attendant.js");

/** The files that a module imports, or, `dynamic`, those that it may import later. */
function importsOf(file: string, dynamic = false): string[] {
  const pattern = dynamic ? /\bimport\([`"']\.\/([^`"']+)[`"']\)/g : /\b(?:from|import)\s*["']\.\/([^"']+)["']/g;
  return [...read(file).matchAll(pattern)].map(([, name]) => name);
}

function closureOf(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const next of importsOf(file)) closureOf(next, seen);
  return seen;
}

const gzipped = (files: Iterable<string>): number =>
  [...files].reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, file))).length, 0);

/** The files under src/ that went into a module; one of the build's own has no map. */
function sourcesOf(file: string): string[] {
  if (!existsSync(join(dist, `${file}.map`))) return [];
  const { sources } = JSON.parse(read(`${file}.map`)) as { sources: string[] };
  return sources.map((name) => name.replace(/^.*?\/src\//, "src/"));
}

describe("the built modules", () => {
  const core = closureOf("index.js");
  const sizes: Record<keyof typeof BUDGET, number> = {
    core: gzipped(core),
    webgpu: gzipped(["webgpu.js"]),
    cpu: gzipped(["cpu.js"]),
    host: gzipped(["host.js"]),
    wasm: gzipped(["wasm.js"]),
    threads: gzipped(["threads.js"]),
    thread: gzipped(["thread.js"]),
    text: gzipped(["text.js"]),
    outputs: gzipped(["outputs.js"]),
    torch: gzipped(["torch.js"]),
    everything: gzipped(parts),
    "attendant.js": gzipped(["attendant.js"]),
  };
  console.log("bytes after gzip:", sizes);

  it.each(Object.entries(BUDGET))("%s takes at most %i bytes after gzip", (name, budget) => {
    expect(sizes[name as keyof typeof BUDGET]).toBeLessThanOrEqual(budget);
    // A budget far above what it is for would let anything in.
    expect(sizes[name as keyof typeof BUDGET]).toBeGreaterThan(0.8 * budget);
  });

  it("are each counted", () => {
    const later = parts.flatMap((file) => importsOf(file, true));
    expect([...later].sort()).toEqual([
      "cpu.js",
      "host.js",
      "outputs.js",
      "text.js",
      "threads.js",
      "torch.js",
      "wasm.js",
      "webgpu.js",
    ]);
    // Bundlers find the script of a thread in this form.
    for (const file of ["threads.js", "attendant.js"])
      expect(read(file)).toMatch(/new \w+\(new URL\([`"']\.\/thread\.js[`"'],\s*import\.meta\.url\),\s*\{\s*type:/);
    const reached = new Set([...core, "thread.js", ...later.flatMap((file) => [...closureOf(file)])]);
    expect([...reached].sort()).toEqual([...parts].sort());
  });

  it("keep what is for some pages only out of the core", () => {
    const sources = [...core].flatMap(sourcesOf);
    expect(sources).toContain("src/engine/seq2seq.ts");
    expect(
      sources.filter((name) =>
        /^src\/(text\/|engine\/text-|backends\/(cpu|wasm\/(?!support)|webgpu\/(?!adapter))|loading\/formats\/torch)|node_modules/.test(
          name,
        ),
      ),
    ).toEqual([]);
    expect(sourcesOf("torch.js")).toContain("src/loading/formats/torch/torch.ts");
    expect(sourcesOf("text.js")).toContain("src/text/families/registry.ts");
    expect(sourcesOf("webgpu.js")).toContain("src/backends/webgpu/backend.ts");
    expect(sourcesOf("cpu.js")).toContain("src/backends/cpu/backend.ts");
    expect(sourcesOf("host.js")).toContain("src/generation/search/beam.ts");
  });

  it("need nothing else: attendant.js is one file, and the package has no dependencies", () => {
    expect(importsOf("attendant.js")).toEqual([]);
    expect(importsOf("attendant.js", true)).toEqual([]);
    const names = modules.flatMap((file) =>
      [...read(file).matchAll(/^import\b.*?["']([^"']+)["']/gm)].map(([, name]) => name),
    );
    expect(names.filter((name) => !name.startsWith("./"))).toEqual([]);
    expect(JSON.parse(readFileSync("package.json", "utf8"))).not.toHaveProperty("dependencies");
  });
});
