/**
 * Three uses of Vite: the demo page (`vite`, `vite build`), the npm library (`vite build --mode library`)
 * and the tests (`vitest`). Each has its own configuration, because they share nothing but the sources.
 */

import { defineConfig, type ViteUserConfig } from "vitest/config";

const root = import.meta.dirname;

/** The page under demo/. Relative addresses, so that the built folder works at any path of any static host. */
const demo: ViteUserConfig = {
  root: "demo",
  base: "./",
  server: { host: "localhost", port: 5173, fs: { allow: [root] } },
  preview: { host: "localhost", port: 5173 },
  worker: { format: "es" },
  build: { target: "es2022" },
};

/** One ES module with the shaders and the tokenizer library in it, so that a page can import it without a bundler. */
const library: ViteUserConfig = {
  publicDir: false,
  worker: { format: "es" },
  build: {
    target: "es2022",
    lib: { entry: "src/index.ts", formats: ["es"], fileName: () => "index.js" },
    sourcemap: true,
    minify: false,
    rolldownOptions: { external: [/^node:/], output: { codeSplitting: false } },
  },
};

const tests: ViteUserConfig = {
  test: {
    reporters: ["default", "json"],
    outputFile: { json: "test-results/vitest.json" },
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/browser/**"],
          testTimeout: 60_000,
        },
      },
      {
        // These files run in Node and drive pages of one shared browser, one file after another: the software
        // adapter keeps every core busy, so two at a time would only time out sooner.
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
