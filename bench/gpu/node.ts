/**
 * `npm run bench:gpu` in Node, with Dawn (the `webgpu` package). scripts/bench-gpu.js makes one file of it, which needs nothing
 * but Node and dawn.node:
 *
 *     node bench-gpu.mjs --dawn ./dawn.node --only ops,kernels --kernels software --minutes 3 --out results
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { fileNameOf, markdownOf, type Results } from "./results";
import { PRESETS, runBench, SECTIONS, type Section } from "./run";

const USAGE = `usage: npm run bench:gpu -- [options]
  --only ops,kernels     sections: ${SECTIONS.join(", ")}; all by default
  --kernels SET          one more set of kernels: ${Object.keys(PRESETS).join(", ")}, or field=value,..; may be repeated
  --words "linear 1 x"   only kernels and models with these words, separated by commas, in their names
  --minutes 8            when to stop
  --out bench/results    where the results go
  --dawn PATH            dawn.node, or the folder of the webgpu package; by default the installed package
  --fresh                measures again what an earlier run has measured`;

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

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    kernels: { type: "string", multiple: true },
    words: { type: "string" },
    minutes: { type: "string" },
    out: { type: "string" },
    dawn: { type: "string" },
    fresh: { type: "boolean" },
    help: { type: "boolean" },
  },
});

async function main(): Promise<void> {
  const sections = (values.only?.split(",") ?? SECTIONS) as Section[];
  const minutes = Number(values.minutes ?? 8);
  if (values.help || sections.some((section) => !SECTIONS.includes(section)) || !(minutes > 0)) {
    console.log(USAGE);
    process.exit(values.help ? 0 : 2);
  }
  const folder = values.out ?? "bench/results";
  mkdirSync(folder, { recursive: true });
  await openDawn(values.dawn);
  const host = `Node ${process.version}, ${cpus()[0]?.model.trim() ?? ""}, Dawn with a browser's checks`;
  const pathOf = (adapter: Results["adapter"], end: string) => join(folder, `${fileNameOf(adapter)}.${end}`);
  const results = await runBench({
    sections: SECTIONS.filter((section) => sections.includes(section)),
    kernels: values.kernels ?? [],
    words: values.words?.split(",") ?? [],
    minutes,
    earlier(adapter, fingerprint) {
      const path = pathOf(adapter, "json");
      if (values.fresh || !existsSync(path)) return undefined;
      const earlier = JSON.parse(readFileSync(path, "utf8")) as Results;
      return earlier.fingerprint === fingerprint ? earlier : undefined;
    },
    save(found) {
      found.host = host;
      writeFileSync(pathOf(found.adapter, "json"), `${JSON.stringify(found, null, 1)}\n`);
      writeFileSync(pathOf(found.adapter, "md"), markdownOf(found));
    },
    log: (line) => console.log(line),
  });
  console.log(`${readdirSync(folder).length} files in ${folder}; ${results.leftOut.length} things left out`);
}

main().then(
  // Dawn's threads would keep the process.
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
