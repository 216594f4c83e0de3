/** How much a page downloads. A part that outgrows its budget fails; make it smaller before you raise the number. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, inject, it } from "vitest";

/** Bytes after gzip. */
const BUDGET = {
  /** What `index.js` imports at once: all that a page has of a model that runs in a worker. */
  page: 11_900,
  /** What every model needs beside that, in a page or Node that does without a worker. */
  core: 45_000,
  /** The backend for GPUs with its shaders. */
  webgpu: 42_500,
  /** What backends share. */
  ops: 4_000,
  cpu: 7_850,
  /** Searches and logits processors in JavaScript. */
  host: 5_500,
  /** The kernels in two modules, in base64, and the backend. */
  wasm: 31_500,
  /** Several threads in WebAssembly, without the script of a thread. */
  threads: 3_000,
  /** The script of a thread. */
  thread: 700,
  /** Files of a server, kept: with SHA-256. */
  store: 12_100,
  /** Where files come from: of the core, and of what asks the store without loading a model. */
  sources: 3_300,
  /** For loads with `onProgress`. */
  progress: 1_250,
  /** What `checkSupport` says without a source. */
  support: 850,
  /** What it says of a source, and `Translator.availability`. */
  forecast: 2_000,
  /** Tokenizers and translators, with the names of languages that a Whisper speaks. */
  text: 35_000,
  /** `forward`, attentions and hidden states. */
  outputs: 1_900,
  /** `profile`: where the time goes. */
  profile: 1_250,
  /** The same on a GPU. */
  "profile-gpu": 1_350,
  /** Families that read sound, their calls, and the contract of their operations. */
  speech: 10_100,
  /** Their kernels on a GPU. */
  "speech-gpu": 4_800,
  /** What a page does with sound. */
  sound: 7_500,
  /** From sound to text. */
  transcribe: 18_500,
  torch: 9_000,
  /** All of these. */
  everything: 252_500,
  /** The engine with all its parts in one file. */
  "attendant-worker.js": 236_500,
  /** The command, with its own copy of what reads folders. */
  "attendant-cli.js": 110_000,
  /** The page and the worker in one file. */
  "attendant.js": 249_000,
};

const dist = join(inject("consumer"), "node_modules/attendant/dist");
const read = (file: string): string => readFileSync(join(dist, file), "utf8");
const modules = readdirSync(dist).filter((file) => file.endsWith(".js"));
const parts = modules.filter((file) => !file.startsWith("attendant"));

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
  const page = closureOf("index.js");
  const core = [...closureOf("core.js")].filter((file) => !page.has(file));
  const sizes: Record<keyof typeof BUDGET, number> = {
    page: gzipped(page),
    core: gzipped(core),
    webgpu: gzipped(["webgpu.js"]),
    ops: gzipped(["ops.js"]),
    cpu: gzipped(["cpu.js"]),
    host: gzipped(["host.js"]),
    wasm: gzipped(["wasm.js"]),
    threads: gzipped(["threads.js"]),
    thread: gzipped(["thread.js"]),
    store: gzipped(["store.js"]),
    sources: gzipped(["sources.js"]),
    progress: gzipped(["progress.js"]),
    support: gzipped(["support.js"]),
    forecast: gzipped(["forecast.js"]),
    text: gzipped(["text.js"]),
    outputs: gzipped(["outputs.js"]),
    profile: gzipped(["profile.js"]),
    "profile-gpu": gzipped(["profile-gpu.js"]),
    speech: gzipped(["speech.js"]),
    "speech-gpu": gzipped(["speech-gpu.js"]),
    torch: gzipped(["torch.js"]),
    sound: gzipped(["sound.js"]),
    transcribe: gzipped(["transcribe.js"]),
    everything: gzipped(parts),
    "attendant-worker.js": gzipped(["attendant-worker.js"]),
    "attendant-cli.js": gzipped(["attendant-cli.js"]),
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
    const names = [
      "core",
      "cpu",
      "forecast",
      "host",
      "outputs",
      "profile",
      "profile-gpu",
      "progress",
      "sound",
      "sources",
      "speech",
      "speech-gpu",
      "store",
      "support",
      "text",
      "threads",
      "torch",
      "transcribe",
      "wasm",
      "webgpu",
    ];
    expect([...new Set(later)].sort()).toEqual(names.map((name) => `${name}.js`).sort());
    // Bundlers find the script of a thread in this form.
    expect(read("threads.js")).toMatch(
      /new \w+\(new URL\([`"']\.\/thread\.js[`"'],\s*import\.meta\.url\),\s*\{\s*type:/,
    );
    // These are the scripts of their own threads.
    for (const file of ["attendant.js", "attendant-worker.js"]) expect(read(file)).not.toContain("./thread.js");
    const reached = new Set([...page, ...core, "thread.js", ...later.flatMap((file) => [...closureOf(file)])]);
    expect([...reached].sort()).toEqual([...parts].sort());
    // WebAssembly takes the loops of the CPU where a kernel would not pay.
    for (const file of ["webgpu.js", "wasm.js", "cpu.js"])
      expect(importsOf(file).filter((name) => /^(webgpu|wasm|cpu|text)/.test(name))).toEqual(
        file === "wasm.js" ? ["cpu.js"] : [],
      );
  });

  it("keep what is for some pages only out of the core", () => {
    const sources = core.flatMap(sourcesOf);
    expect(sources).toContain("src/engine/seq2seq.ts");
    expect(
      sources.filter((name) =>
        /^src\/(text\/|engine\/text-|backends\/(cpu|wasm\/(?!support)|webgpu\/(?!adapter))|loading\/(formats\/torch|store))|node_modules/.test(
          name,
        ),
      ),
    ).toEqual([]);
    expect(
      [...page].flatMap(sourcesOf).filter((name) => /^src\/(generation|loading|models|ops|text)/.test(name)),
    ).toEqual(["src/generation/options/option-names.ts"]);
    expect(sourcesOf("store.js")).toContain("src/loading/store/folder.ts");
    // What is stored is asked without the engine.
    for (const file of ["store.js", "support.js"])
      expect([...closureOf(file)].filter((name) => /^(core|engine|ops|text)/.test(name))).toEqual([]);
    expect(sourcesOf("torch.js")).toContain("src/loading/formats/torch/torch.ts");
    expect(sourcesOf("text.js")).toContain("src/text/families/registry.ts");
    expect(sourcesOf("webgpu.js")).toContain("src/backends/webgpu/backend.ts");
    expect(sourcesOf("cpu.js")).toContain("src/backends/cpu/backend.ts");
    expect(sourcesOf("host.js")).toContain("src/generation/search/beam.ts");
  });

  it("need nothing else: attendant.js and the worker are one file each, and the package has no dependencies", () => {
    for (const file of ["attendant.js", "attendant-worker.js"])
      expect([...importsOf(file), ...importsOf(file, true)]).toEqual([]);
    // The command is for Node, and runs models with the package.
    expect([...new Set(importsOf("attendant-cli.js", true))]).toEqual(["index.js"]);
    const names = modules
      .filter((file) => file !== "attendant-cli.js")
      .flatMap((file) => [...read(file).matchAll(/^import\b.*?["']([^"']+)["']/gm)].map(([, name]) => name));
    expect(names.filter((name) => !name.startsWith("./"))).toEqual([]);
    expect(JSON.parse(readFileSync("package.json", "utf8"))).not.toHaveProperty("dependencies");
  });
});
