/**
 * Translates a text with the demo's model in the terminal, on the CPU backend: `npm run translate -- "Hello."`
 *
 * The sources are TypeScript with shader imports, which Node can't load by itself, so Vite loads them.
 */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createServer } from "vite";
import { wasmKernels } from "./build-wasm.js";

const USAGE = 'usage: npm run translate -- "An English sentence."';
const root = fileURLToPath(new URL("..", import.meta.url));
const model = fileURLToPath(new URL("../demo/public/models/en-fr", import.meta.url));

async function translate(text) {
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
    const { Translator } = await server.ssrLoadModule("/src/index.ts");
    const translator = await Translator.create({ model, sourceLanguage: "en", targetLanguage: "fr", device: "cpu" });
    try {
      return await translator.translate(text);
    } finally {
      translator.destroy();
    }
  } finally {
    await server.close();
  }
}

const text = process.argv.slice(2).join(" ").trim();
if (!text || text === "--help" || text === "-h") {
  (text ? console.log : console.error)(USAGE);
  process.exitCode = text ? 0 : 2;
} else if (!existsSync(model)) {
  console.error(`The demo's model is missing: there is no folder ${model}.`);
  process.exitCode = 1;
} else {
  try {
    console.log(await translate(text));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    if (error?.hint) console.error(error.hint);
    process.exitCode = 1;
  }
}
