/**
 * `npm run bench:cost`: what a step costs, counted on a GPU that computes nothing, and what it should take on GPUs that are not at
 * hand. Needs neither a GPU nor a browser.
 */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createServer } from "vite";
import { wasmKernels } from "./build-wasm.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const server = await createServer({
  root,
  configFile: false,
  appType: "custom",
  logLevel: "error",
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  plugins: [wasmKernels()],
});
try {
  const { costReport } = await server.ssrLoadModule("/bench/cost/run.ts");
  const { FAMILIES, onePerFamily } = await server.ssrLoadModule("/test/support/node/families.ts");
  const configs = {};
  for (const name of onePerFamily()) {
    const config = JSON.parse(readFileSync(`${root}${FAMILIES}/${name}/config.json`, "utf8"));
    configs[config.model_type] = config;
  }
  console.log(await costReport(configs));
} finally {
  await server.close();
}
