/**
 * The modules that tests call in a page, built together: a page or a worker that imports one asks for a few files, where the
 * sources as they are take hundreds of requests.
 */

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, type Plugin, type PluginOption, type Rolldown } from "vite";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Where modules are named by their address, to be called in a page or started as a worker. */
const FOLDERS = ["test/browser", "test/soak", "test/support", "bench"];
const ADDRESS = /"\/((?:test\/support|bench|src)\/[\w/.-]+\.ts)"/g;

/** Paths from the root of every module that is named so. */
function namedModules(): string[] {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(root + folder, { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`),
  );
  const named = files
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => [...readFileSync(root + file, "utf8").matchAll(ADDRESS)].map(([, path]) => path));
  return [...new Set([...named, "test/support/page/in-page.ts"])];
}

/** The scripts of workers and threads, and the weights of the voice detector, at the addresses that the server gives them. */
const addresses: Plugin = {
  name: "addresses-of-the-sources",
  enforce: "pre",
  load(id) {
    if (id.endsWith("/src/backends/wasm/thread-script.ts"))
      return 'export const startThread = (Worker) => new Worker("/src/backends/wasm/thread.js", { type: "module" });';
    if (id.endsWith("/src/api/vad-address.ts"))
      return 'export const vadAddress = () => "/assets/silero-vad/silero-vad.safetensors";';
  },
};

/** @param plugins what the build needs to read the sources */
export function builtModules(plugins: PluginOption[]): Plugin {
  const entries = namedModules();
  let building: Promise<Map<string, string>> | undefined;
  return {
    name: "built-modules",
    configureServer({ middlewares }) {
      building = buildModules(entries, plugins);
      building.catch(() => undefined); // Who asks for a module is told.
      middlewares.use((request, response, next) => {
        const path = (request.url ?? "").slice(1);
        if (!path.startsWith(CHUNKS) && !entries.includes(path)) return next();
        building?.then(
          (files) => {
            response.setHeader("content-type", "text/javascript");
            response.end(files.get(path));
          },
          (error: unknown) => response.writeHead(500).end(String(error)),
        );
      });
    },
  };
}

const CHUNKS = "test-chunks/";

/** The code of each file, by its path. */
async function buildModules(entries: string[], plugins: PluginOption[]): Promise<Map<string, string>> {
  const outputs = (await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: "error",
    plugins: [addresses, ...plugins],
    build: {
      write: false,
      target: "esnext",
      minify: false,
      lib: { entry: Object.fromEntries(entries.map((path) => [path, root + path])), formats: ["es"] },
      rolldownOptions: {
        external: [/^node:/],
        // package.json promises that no module has side effects; the tables of cases are one.
        treeshake: false,
        output: {
          entryFileNames: "[name]",
          chunkFileNames: `${CHUNKS}[name]-[hash].js`,
          codeSplitting: {
            groups: [{ name: "sources", test: (id) => /^(src|shaders|wasm)\//.test(id.slice(root.length)) }],
          },
        },
      },
    },
  })) as Rolldown.RolldownOutput[];
  const files = outputs.flatMap(({ output }) => output);
  return new Map(files.flatMap((file) => (file.type === "chunk" ? [[file.fileName, file.code] as const] : [])));
}
