/**
 * Runs once for all browser tests: one Vite server at the root of the repository, so that a page can import any
 * TypeScript module by its path, and one browser. Test files get the server's address; the browser's they ask of the
 * server each time, which starts a new browser where the old one has died.
 */

import { fileURLToPath } from "node:url";
import type { Browser } from "puppeteer";
import { createServer, type Plugin, type ViteDevServer } from "vite";
import type { TestProject } from "vitest/node";
import { wasmKernels } from "../../../scripts/build-wasm.js";
import { launchBrowser, wantsFirefox } from "./browser";
import { builtDemo, builtPackage } from "./package-server";
import { builtModules } from "./page-modules";

/** Where the server tells the WebSocket address of the browser. */
export const BROWSER_ENDPOINT = "/__browser";

const root = fileURLToPath(new URL("../../..", import.meta.url));

declare module "vitest" {
  interface ProvidedContext {
    /** Address of the server of the tests, without a slash at the end. */
    baseUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // In Firefox each page has a browser of its own.
  let browser = wantsFirefox() ? undefined : await launchBrowser();
  let starting: Promise<Browser> | undefined;
  const liveBrowser = async (): Promise<Browser> => {
    if (browser?.connected) return browser;
    starting ??= launchBrowser().finally(() => (starting = undefined));
    return (browser = await starting);
  };

  const built = builtPackage();
  const demo = builtDemo();
  let server: ViteDevServer | undefined;
  const teardown = async (): Promise<void> => {
    built.remove();
    demo.remove();
    await browser?.close();
    await server?.close();
  };
  try {
    server = await createServer({
      root,
      configFile: false,
      publicDir: "demo/public",
      logLevel: "error",
      // Nothing may reload a page in the middle of a test: no hot updates, and no dependency that is found late and
      // bundled then. The one dependency is an ES module already, so none needs bundling at all.
      server: { host: "localhost", port: 0, hmr: false, watch: null },
      optimizeDeps: { noDiscovery: true },
      plugins: [
        wasmKernels(),
        built,
        demo,
        builtModules([wasmKernels(), built]),
        { name: "browser-endpoint", configureServer: (vite) => answer(vite, liveBrowser) },
        quietClient,
      ],
    });
    await server.listen();
    const address = server.httpServer?.address();
    if (!address || typeof address === "string") throw new Error("The server of the browser tests has no port.");
    project.provide("baseUrl", `http://localhost:${address.port}`);
  } catch (error) {
    await teardown();
    throw error;
  }
  return teardown;
}

/** In the place of Vite's client, which reloads a page that has lost its connection, as one that was frozen has. */
const quietClient: Plugin = {
  name: "quiet-client",
  enforce: "pre",
  load: (id) => (id.endsWith("/vite/dist/client/client.mjs") ? "export const injectQuery = (url) => url;" : undefined),
};

function answer(vite: ViteDevServer, liveBrowser: () => Promise<Browser>): void {
  vite.middlewares.use(BROWSER_ENDPOINT, (_request, response) => {
    liveBrowser().then(
      (browser) => response.end(browser.wsEndpoint()),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
}
