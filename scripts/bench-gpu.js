/**
 * `npm run bench:gpu`: bundles bench/gpu/ into one file that needs only Node and Dawn, and runs it. Where there is no Dawn (the
 * `webgpu` package), or with `--browser`, the same runs in a page of an installed browser. With `--bundle FILE`, only writes the
 * file, for a machine that has no more than Node, dawn.node and a driver.
 */

import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { basename, dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { wasmKernels } from "./build-wasm.js";
import { serveSources } from "./sources.js";
import { strippedWgsl } from "./wgsl.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const plugins = [strippedWgsl(), wasmKernels()];

/** @param {string} file */
async function bundle(file) {
  await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: "warn",
    plugins,
    worker: { format: "es", plugins: () => plugins },
    build: {
      ssr: "bench/gpu/node.ts",
      target: "node20",
      outDir: dirname(file),
      emptyOutDir: false,
      rolldownOptions: {
        // package.json promises that no module has side effects; the tables of cases are one.
        treeshake: false,
        output: { format: "es", entryFileNames: basename(file), codeSplitting: false },
      },
    },
  });
}

/** @param {string[]} args */
async function inBrowser(args) {
  const server = await serveSources({ plugins: [strippedWgsl()] });
  try {
    const { benchInBrowser } = await server.ssrLoadModule("/bench/gpu/browser.ts");
    await benchInBrowser(server.resolvedUrls?.local[0].replace(/\/$/, ""), args);
  } finally {
    await server.close();
  }
}

function hasDawn() {
  try {
    return createRequire(import.meta.url).resolve("webgpu") !== "";
  } catch {
    return false;
  }
}

const args = process.argv.slice(2);
const at = args.indexOf("--bundle");
const file = resolve(at >= 0 ? args[at + 1] : "test-results/bench-gpu.mjs");
if (at < 0 && (args.includes("--browser") || (!args.includes("--dawn") && !hasDawn()))) {
  await inBrowser(args);
} else {
  await bundle(file);
  if (at < 0) process.exitCode = spawnSync(process.execPath, [file, ...args], { stdio: "inherit" }).status ?? 1;
}
