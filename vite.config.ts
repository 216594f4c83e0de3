/**
 * Three uses of Vite: the demo page (`vite`, `vite build`), the npm library (scripts/build.js)
 * and the tests (`vitest`). Each has its own configuration, because they share nothing but the sources.
 */

import type { OutputOptions } from "rolldown";
import type { LibraryOptions, Plugin } from "vite";
import { defineConfig, type ViteUserConfig } from "vitest/config";
import { wasmKernels } from "./scripts/build-wasm.js";
import { scriptAddresses, type ScriptForm } from "./scripts/script-addresses.js";
import { strippedWgsl } from "./scripts/wgsl.js";

const root = import.meta.dirname;

/** The page under demo/. Relative addresses, so that the built folder works at any path of any static host. */
const demo: ViteUserConfig = {
  root: "demo",
  base: "./",
  server: { host: "localhost", port: 5173, fs: { allow: [root] } },
  preview: { host: "localhost", port: 5173 },
  worker: { format: "es", plugins: () => [strippedWgsl(), wasmKernels()] },
  plugins: [strippedWgsl(), wasmKernels()],
  build: { target: "es2022" },
};

/** Short names inside, the names of classes as they are: they stand in stack traces and in what a console shows. */
const minify = { compress: true, mangle: { keepNames: { class: true, function: false } }, codegen: true };

/** The public classes and the way to a worker: all that a page loads at once, if its models run in workers. */
const PAGE =
  /\/src\/(index|errors|(api(?!\/sound-part)|worker|util\/(part|abort|frozen|given|names-of|trusted|script-worker|node-module))\b.*|engine\/(gpu|options|load-options|translate-options)|generation\/options\/option-names|tensor\/host-tensor|backends\/(wasm\/support|webgpu\/adapter))/;

/** What every model needs is one file; each part that loads when needed (`loadPart`) is another. */
const groups = [
  { name: "page", test: PAGE, priority: 4 },
  // Where files come from: the store needs it without the engine, for a page that only asks what is stored.
  { name: "sources", test: /\/src\/loading\/sources\/(files|remote|local|source)\.ts/, priority: 2 },
  { name: "engine", tags: ["$initial" as const], priority: 1 },
  // What only backends need, whichever of them.
  { name: "ops", test: /\/src\/(ops|tensor|util\/(?!spoken-languages))/, priority: 1 },
  { name: "webgpu", test: /\/src\/backends\/webgpu\/(?!adapter\.ts|audio|profiler)/ },
  { name: "cpu", test: /\/src\/backends\/cpu\/(?!profiler)/ },
  { name: "wasm", test: /\/src\/backends\/wasm\/(?!support|pool|split|thread)|\/wasm\/index\.ts/ },
  { name: "threads", test: /\/src\/backends\/wasm\/(pool|split|thread(s|-script))\.ts/ },
  // Names of languages, too: Whisper's tokenizer, prompts and words need them.
  { name: "text", test: /\/src\/(text\/|util\/spoken-languages|engine\/(text-|translator))/, priority: 1 },
  { name: "store", test: /\/src\/loading\/store\/|\/@noble\/hashes\// },
  { name: "progress", test: /\/src\/engine\/progress|\/src\/loading\/survey/ },
  { name: "support", test: /\/src\/engine\/support/, priority: 2 },
  { name: "forecast", test: /\/src\/engine\/(forecast|available|planned-ops)/ },
  { name: "profile", test: /\/src\/(engine\/profile|backends\/cpu\/profiler)/ },
  { name: "profile-gpu", test: /\/src\/backends\/webgpu\/profiler/ },
  { name: "torch", test: /\/src\/loading\/formats\/torch\// },
  { name: "host", test: /\/src\/generation\/host\.ts/ },
  { name: "speech", test: /\/src\/engine\/speech-part\.ts/ },
  { name: "speech-gpu", test: /\/src\/backends\/webgpu\/audio/ },
  // What the page does with sound, and what the engine does with it; both read WAV files.
  {
    name: "sound",
    priority: 3,
    test: /\/src\/(audio\/(bytes|input|microphone|resample|sound|wav)|api\/sound-part|speech\/(recognition|subtitles|transcription))\.ts/,
  },
  { name: "transcribe", test: /\/src\/(audio|speech)\/|\/src\/engine\/transcriber\.ts/ },
];

/**
 * The library: `index.js`, with chunks beside it for what not every page needs, the script of the worker in one file, and
 * `attendant.js`, all of it in one file. The shaders are in them, so a page can import them without a bundler.
 */
function library(entry: LibraryOptions["entry"], output: OutputOptions, form: ScriptForm): ViteUserConfig {
  return {
    publicDir: false,
    plugins: [strippedWgsl(), wasmKernels(), scriptAddresses(form)],
    build: {
      target: "es2022",
      lib: { entry, formats: ["es"] },
      emptyOutDir: false,
      sourcemap: true,
      minify: false, // Vite leaves the white space of a library in; Rolldown's own setting below does not.
      rolldownOptions: { external: [/^node:/], output: { ...output, minify } },
    },
  };
}

/** Commands that run a model take it from the package, like everybody. */
const packageOutside: Plugin = {
  name: "package-outside",
  enforce: "pre",
  resolveId: (source, importer) =>
    source === "../index" && /\/src\/cli\//.test(importer ?? "") ? { id: "./index.js", external: true } : undefined,
};

/** The command `attendant`, for Node: one file beside the library, with its own copy of what reads folders. */
const entry = library("src/cli/entry.ts", { entryFileNames: "attendant-cli.js", codeSplitting: false }, "files");
const cli: ViteUserConfig = {
  ...entry,
  // It shows no stack traces.
  build: { ...entry.build, sourcemap: false },
  plugins: [packageOutside, strippedWgsl(), wasmKernels(), scriptAddresses("files")],
};

const builds: Record<string, ViteUserConfig> = {
  library: library(
    { index: "src/index.ts", core: "src/engine/core.ts" },
    {
      entryFileNames: "[name].js",
      chunkFileNames: "[name].js",
      codeSplitting: { groups },
    },
    "files",
  ),
  worker: library("src/worker/entry.ts", { entryFileNames: "attendant-worker.js", codeSplitting: false }, "worker"),
  cli,
  single: library("src/attendant.ts", { entryFileNames: "attendant.js", codeSplitting: false }, "single"),
};

/** A test that takes seconds here takes minutes on a machine that does other things, too. */
const PATIENCE = { testTimeout: 240_000, hookTimeout: 240_000, expect: { poll: { timeout: 30_000 } } };

const tests: ViteUserConfig = {
  test: {
    reporters: ["default", "json"],
    outputFile: { json: "test-results/vitest.json" },
    projects: [
      {
        plugins: [wasmKernels()],
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/browser/**", "test/package/**", "test/soak/**"],
          ...PATIENCE,
        },
      },
      {
        // The public API once more, through a worker.
        plugins: [wasmKernels()],
        test: {
          name: "worker",
          include: ["test/api/**/*.test.ts", "test/engine/**/*.test.ts"],
          // Slow, and all of it is on one side.
          exclude: ["test/api/translator-languages.test.ts"],
          setupFiles: "test/support/node/worker-setup.ts",
          ...PATIENCE,
        },
      },
      {
        // What `npm pack` makes, installed.
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts"],
          globalSetup: "test/support/node/package-setup.ts",
          ...PATIENCE,
        },
      },
      {
        // These files run in Node and drive pages of one shared browser, two files at a time: a page that loads, waits or
        // compiles a kernel keeps one core busy. In Firefox each page is a browser, and its WebGPU takes gigabytes.
        plugins: [wasmKernels()],
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          globalSetup: "test/support/node/global-setup.ts",
          maxWorkers: process.env.ATTENDANT_BROWSER === "firefox" ? 1 : 2,
          ...PATIENCE,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // `npm run test:soak`: many calls and many broken files, and all of what `npm test` takes a part of.
        plugins: [wasmKernels()],
        test: {
          name: "soak",
          include: [
            "test/soak/**/*.test.ts",
            "test/text/**/{families,parts,unicode,sentencepiece,tokenizer}.test.ts",
            "test/checkpoints/{en-fr,misaki}.test.ts",
            "test/generation/goldens.test.ts",
            "test/backends/wasm/threads.test.ts",
            "test/cli/pack.test.ts",
            "test/browser/{en-fr,families,goldens,vanilla,misaki}.test.ts",
          ],
          env: { ATTENDANT_ALL: "1" },
          globalSetup: "test/support/node/global-setup.ts",
          fileParallelism: false,
          testTimeout: 7_200_000,
          sequence: { groupOrder: 3 },
        },
      },
      {
        plugins: [wasmKernels()],
        test: {
          name: "bench",
          include: ["bench/run.ts", "bench/speech.ts", "bench/storage.ts"],
          globalSetup: "test/support/node/global-setup.ts",
          fileParallelism: false,
          testTimeout: 3_600_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
};

export default defineConfig(({ mode }) => {
  if (process.env.VITEST) return tests;
  return builds[mode] ?? demo;
});
