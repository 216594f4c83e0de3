/**
 * `npm run bench:gpu` in Node, with Dawn (the `webgpu` package). scripts/bench-gpu.js makes one file of it, which needs nothing
 * but Node and dawn.node:
 *
 *     node bench-gpu.mjs --dawn ./dawn.node --only ops,kernels --kernels software --minutes 3 --out results
 */

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { readOptions, resultsIn, writeResults } from "./options";
import { fileNameOf } from "./results";
import { runBench } from "./run";

interface Dawn {
  create(flags: string[]): GPU;
  globals: object;
}

/** Where software adapters lie, for a rehearsal where there is no GPU. */
const SOFTWARE = [
  "/usr/lib/chromium/vk_swiftshader_icd.json",
  "/usr/share/vulkan/icd.d/lvp_icd.json",
  "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json",
];

function dawnAt(path: string | undefined): Dawn {
  const load = createRequire(import.meta.url);
  if (path?.endsWith(".node")) return load(resolve(path)) as Dawn;
  const folder = path ? resolve(path) : undefined;
  try {
    const root = folder ?? join(load.resolve("webgpu"), "..");
    const platform = process.platform === "darwin" ? "darwin-universal" : `${process.platform}-${process.arch}`;
    return load(join(root, "dist", platform, "dawn.node")) as Dawn;
  } catch (cause) {
    throw new Error("Dawn was not found: npm install --no-save webgpu, or --dawn PATH.", { cause });
  }
}

/** As in a browser, but for timestamps, which are not rounded. */
const FLAGS = ["enable-dawn-features=allow_unsafe_apis", "disable-dawn-features=timestamp_quantization"];

async function openDawn(path: string | undefined): Promise<void> {
  const { create, globals } = dawnAt(path);
  Object.assign(globalThis, globals);
  const use = (gpu: GPU) => Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true });
  let gpu = create(FLAGS);
  if (!(await gpu.requestAdapter())) {
    const found = SOFTWARE.find((file) => existsSync(file));
    if (!found) throw new Error("There is no GPU: no Vulkan driver gave an adapter.");
    console.log(`No GPU was found; a software adapter stands in: ${found}`);
    process.env.VK_ICD_FILENAMES = found;
    process.env.VK_DRIVER_FILES = found;
    gpu = create(FLAGS);
  }
  use(gpu);
}

async function main(): Promise<void> {
  const { wanted, dawn, fresh, folder } = readOptions();
  await openDawn(dawn);
  const host = `Node ${process.version}, Dawn with a browser's checks`;
  const known = fresh ? {} : resultsIn(folder);
  const { leftOut } = await runBench({
    ...wanted,
    earlier: (adapter) => known[fileNameOf(adapter)],
    save: (results) => writeResults(folder, host, results),
    log: (line) => console.log(line),
  });
  console.log(`Results are in ${folder}; ${leftOut.length} things left out`);
}

main().then(
  // Dawn's threads would keep the process.
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
