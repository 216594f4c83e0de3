/**
 * Three uses of Vite: the demo page (`vite`, `vite build`), the npm library (`vite build --mode library`)
 * and the tests (`vitest`). Each has its own configuration, because they share nothing but the sources.
 */

import { defineConfig, type ViteUserConfig } from "vitest/config";
import { wasmKernels } from "./scripts/build-wasm.js";
import { threadScript } from "./scripts/thread-script.js";
import { strippedWgsl } from "./scripts/wgsl.js";

const root = import.meta.dirname;

/** The page under demo/. Relative addresses, so that the built folder works at any path of any static host. */
const demo: ViteUserConfig = {
  root: "demo",
  base: "./",
  server: { host: "localhost", port: 5173, fs: { allow: [root] } },
  preview: { host: "localhost", port: 5173 },
  worker: { format: "es" },
  plugins: [strippedWgsl(), wasmKernels()],
  build: { target: "es2022" },
};

/** Short names inside, the names of classes as they are: they stand in stack traces and in what a console shows. */
const minify = { compress: true, mangle: { keepNames: { class: true, function: false } }, codegen: true };

/** What `index.js` always needs is one file; each part that loads when needed (`loadPart`) is another. */
const groups = [
  { name: "core", tags: ["$initial" as const], priority: 1 },
  { name: "webgpu", test: /\/src\/backends\/webgpu\/(?!adapter\.ts)|\/shaders\// },
  { name: "cpu", test: /\/src\/backends\/cpu\// },
  { name: "threads", test: /\/src\/backends\/wasm\/(pool|split|threads)\.ts/, priority: 1 },
  { name: "wasm", test: /\/src\/backends\/wasm\/|\/wasm\/index\.ts/ },
  { name: "text", test: /\/src\/(text\/|engine\/text-)/ },
  { name: "torch", test: /\/src\/loading\/formats\/torch\// },
];

/**
 * The library twice: `index.js`, with chunks beside it for what not every page needs (tokenizers, the reader of `.bin`
 * files), and `attendant.js`, all of it in one file. Both have their shaders in them, so a page can import either
 * without a bundler.
 */
const library: ViteUserConfig = {
  publicDir: false,
  worker: { format: "es" },
  plugins: [strippedWgsl(), wasmKernels(), threadScript()],
  build: {
    target: "es2022",
    lib: { entry: "src/index.ts" },
    sourcemap: true,
    minify: false, // Vite leaves the white space of a library in; Rolldown's own setting below does not.
    rolldownOptions: {
      external: [/^node:/],
      output: [
        { entryFileNames: "index.js", chunkFileNames: "[name].js", codeSplitting: { groups }, minify },
        { entryFileNames: "attendant.js", codeSplitting: false, minify },
      ],
    },
  },
};

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
          exclude: ["test/browser/**", "test/package/**"],
          testTimeout: 60_000,
        },
      },
      {
        // What `npm pack` makes, installed.
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts"],
          globalSetup: "test/support/node/package-setup.ts",
          testTimeout: 120_000,
        },
      },
      {
        // These files run in Node and drive pages of one shared browser, one file after another: the software
        // adapter keeps every core busy, so two at a time would only time out sooner.
        plugins: [wasmKernels()],
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          globalSetup: "test/support/node/global-setup.ts",
          fileParallelism: false,
          testTimeout: 240_000,
          hookTimeout: 240_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        plugins: [wasmKernels()],
        test: {
          name: "bench",
          include: ["bench/run.ts", "bench/storage.ts"],
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
  return mode === "library" ? library : demo;
});
