/** The sources in Node: they are TypeScript with shader imports, which Node can't load by itself, so Vite loads them. */

import { fileURLToPath } from "node:url";
import { createServer } from "vite";
import { wasmKernels } from "./build-wasm.js";

const common = {
  configFile: /** @type {const} */ (false),
  logLevel: /** @type {const} */ ("error"),
  plugins: [wasmKernels()],
  optimizeDeps: { noDiscovery: true },
};

const root = fileURLToPath(new URL("..", import.meta.url));

/** The folder of the demo's model. */
export const model = fileURLToPath(new URL("../demo/public/models/en-fr", import.meta.url));

/**
 * Vite with the sources of a folder, for Node and for pages. Whoever makes it closes it.
 * @param {{ folder?: string, plugins?: import("vite").Plugin[] }} [options] which checkout, this one by default; more plugins
 */
export async function serveSources({ folder = root, plugins = [] } = {}) {
  const server = await createServer({
    ...common,
    root: folder,
    plugins: [...common.plugins, ...plugins],
    server: { hmr: false, ws: false, watch: null },
  });
  await server.listen(0);
  return server;
}

/** What `use` returns for the exports of source files, one argument each; by default of `src/index.ts`. */
export async function withSources(use, ...files) {
  const server = await createServer({
    ...common,
    root,
    appType: "custom",
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  });
  try {
    const modules = [];
    for (const file of files.length ? files : ["/src/index.ts"]) modules.push(await server.ssrLoadModule(file));
    return await use(...modules);
  } finally {
    await server.close();
  }
}
