/** The sources in Node: they are TypeScript with shader imports, which Node can't load by itself, so Vite loads them. */

import { fileURLToPath } from "node:url";
import { createServer } from "vite";
import { wasmKernels } from "./build-wasm.js";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The folder of the demo's model. */
export const model = fileURLToPath(new URL("../demo/public/models/en-fr", import.meta.url));

/** What `use` returns for the exports of a source file, by default of `src/index.ts`. */
export async function withSources(use, file = "/src/index.ts") {
  const server = await createServer({
    root,
    configFile: false,
    appType: "custom",
    logLevel: "error",
    plugins: [wasmKernels()],
    optimizeDeps: { noDiscovery: true },
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  });
  try {
    return await use(await server.ssrLoadModule(file));
  } finally {
    await server.close();
  }
}
