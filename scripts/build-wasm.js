/**
 * Compiles the kernels of wasm/ with AssemblyScript, into two modules from the same sources: "simd", and "relaxed", which
 * also uses the relaxed SIMD instructions. An engine that lacks a single one of those refuses the whole module, so there
 * are two.
 *
 * Nothing built is in the repository. The Vite plugin compiles what `wasm/index.ts?module=simd` (or `relaxed`) names and
 * gives its bytes in base64; so the demo, the library and the tests all have the modules of the sources as they are.
 * `node scripts/build-wasm.js` compiles both and prints their sizes.
 */

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const root = fileURLToPath(new URL("..", import.meta.url));
const cache = new URL("../node_modules/.cache/attendant-wasm/", import.meta.url);

/** The names of the modules and what each may use. */
export const modules = {
  simd: ["--enable", "simd"],
  relaxed: ["--enable", "simd", "--enable", "relaxed-simd"],
};

const OPTIONS = ["-O3", "--noAssert", "--runtime", "stub", "--importMemory", "--maximumMemory", "65536"];
const QUIET = ["--disableWarning", "112"];

/** The sources of a module by their paths: those beside its entry. */
function sources(entry) {
  const folder = entry.slice(0, entry.lastIndexOf("/") + 1);
  const names = readdirSync(root + folder).filter((name) => name.endsWith(".ts"));
  return names.sort().map((name) => folder + name);
}

/**
 * The bytes of a module, compiled now.
 * @param name "simd" or "relaxed"
 */
export async function compile(name, entry = "wasm/index.ts") {
  // 90 MB of compiler: loaded only where something has to be compiled.
  const { default: asc } = await import("assemblyscript/asc");
  let binary;
  const { error, stderr } = await asc.main([entry, "-o", "kernels.wasm", ...OPTIONS, ...QUIET, ...modules[name]], {
    readFile: (file, base) => {
      try {
        return readFileSync(new URL(`../${base === "." ? file : `${base}/${file}`}`, import.meta.url), "utf8");
      } catch {
        return null;
      }
    },
    writeFile: (_file, contents) => void (binary = contents),
    listFiles: () => [],
  });
  if (error || !binary) throw new Error(`wasm/: ${error?.message ?? "nothing was compiled"}\n${stderr?.toString()}`);
  return new Uint8Array(binary);
}

/** The bytes of a module; what was compiled from the same sources before is taken from node_modules/.cache. */
async function compiled(name, entry = "wasm/index.ts") {
  const hash = createHash("sha256").update(JSON.stringify([OPTIONS, modules[name], entry]));
  const { version } = JSON.parse(readFileSync(`${root}node_modules/assemblyscript/package.json`, "utf8"));
  hash.update(version);
  for (const file of sources(entry)) hash.update(file).update(readFileSync(root + file));
  const file = new URL(`${name}-${hash.digest("hex").slice(0, 16)}.wasm`, cache);
  try {
    return readFileSync(file);
  } catch {
    const bytes = await compile(name, entry);
    mkdirSync(cache, { recursive: true });
    // Another process may do the same at the same time: a file is there as a whole or not at all.
    const own = new URL(`${process.pid}-${name}.tmp`, cache);
    writeFileSync(own, bytes);
    renameSync(own, file);
    return bytes;
  }
}

/** The Vite plugin. */
export function wasmKernels() {
  return {
    name: "wasm-kernels",
    enforce: "pre",
    async load(id) {
      const [, path, name] = /^(.*)\?module=(simd|relaxed)$/.exec(id) ?? [];
      if (!path) return undefined;
      const entry = path.slice(path.startsWith(root) ? root.length : 1);
      for (const file of sources(entry)) this.addWatchFile?.(root + file);
      const bytes = await compiled(name, entry);
      return `export default ${JSON.stringify(globalThis.Buffer.from(bytes).toString("base64"))};`;
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  let total = 0;
  for (const name of Object.keys(modules)) {
    const bytes = await compiled(name);
    const small = gzipSync(bytes, { level: 9 }).length;
    total += small;
    console.log(`${name}: ${bytes.length} bytes, ${small} in gzip`);
  }
  console.log(`both: ${total} bytes in gzip`);
}
