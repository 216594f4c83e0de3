/**
 * The built package for the server of the browser tests. The pages import the sources, and start the worker of the package: so
 * what is tested is what is shipped, and starting it takes one request instead of a hundred.
 */

import { execFile } from "node:child_process";
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import type { Plugin } from "vite";

/** Where the server tells the folder with `dist/`, the folder of the built demo, and where its pages find the script of the worker. */
export const PACKAGE_ENDPOINT = "/__package";
export const DEMO_ENDPOINT = "/__demo";
const WORKER = "/__attendant-worker.js";

/** For a process of its own, which must not take itself for a test. */
export const withoutTests = (NODE_ENV: string) => ({ ...process.env, VITEST: "", NODE_ENV });

/** Builds when it is first asked. */
export function builtPackage(): Plugin & { remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "attendant-built-"));
  let building: Promise<unknown> | undefined;
  const build = (): Promise<unknown> =>
    (building ??= promisify(execFile)(process.execPath, ["scripts/build.js", join(folder, "dist")], {
      env: withoutTests("production"),
    }));
  return {
    name: "built-package",
    enforce: "pre",
    load: (id) =>
      id.endsWith("/src/worker/address.ts") ? `export const workerAddress = () => "${WORKER}";` : undefined,
    configureServer({ middlewares }) {
      middlewares.use((request, response, next) => {
        if (request.url !== PACKAGE_ENDPOINT && request.url !== WORKER) return next();
        build().then(
          () => {
            if (request.url === PACKAGE_ENDPOINT) return void response.end(folder);
            response.setHeader("content-type", "text/javascript");
            createReadStream(join(folder, "dist/attendant-worker.js")).pipe(response);
          },
          (error: unknown) => response.writeHead(500).end(String(error)),
        );
      });
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The page under demo/, built when it is first asked for. */
export function builtDemo(): Plugin & { remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "attendant-demo-"));
  let building: Promise<unknown> | undefined;
  const build = (): Promise<unknown> =>
    (building ??= promisify(execFile)(
      process.execPath,
      ["node_modules/vite/bin/vite.js", "build", "--outDir", folder, "--emptyOutDir"],
      { env: withoutTests("production") },
    ));
  return {
    name: "built-demo",
    configureServer({ middlewares }) {
      middlewares.use(DEMO_ENDPOINT, (_request, response) => {
        build().then(
          () => response.end(folder),
          (error: unknown) => response.writeHead(500).end(String(error)),
        );
      });
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
