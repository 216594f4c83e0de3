/** Serves a folder as a plain static host would, to pages of any origin, by default with the strictest Content-Security-Policy that scripts can live with. */

import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const TYPES: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};

export const STRICT_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "require-trusted-types-for 'script'; base-uri 'self'; form-action 'none'";

/** The same for a page that also allows WebAssembly. */
export const WASM_POLICY = STRICT_POLICY.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'");

/** What makes a page cross-origin isolated, so that threads may share a memory. */
export const ISOLATED = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** A request, and how it was answered. */
export interface Asked {
  path: string;
  status: number;
}

/**
 * @param policy the Content-Security-Policy of every file; "": none
 * @param headers more of them, for every answer
 */
export async function serveFolder(
  folder: string,
  policy = STRICT_POLICY,
  headers = {},
): Promise<{ url: string; asked: Asked[]; close: () => Promise<void> }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname));
    const file = join(folder, path.endsWith("/") ? `${path}index.html` : path);
    if (!file.startsWith(normalize(folder)) || !existsSync(file)) {
      asked.push({ path, status: 404 });
      response.writeHead(404).end();
      return;
    }
    asked.push({ path, status: 200 });
    response.writeHead(200, {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      "content-length": statSync(file).size,
      "access-control-allow-origin": "*",
      ...(policy === "" ? {} : { "content-security-policy": policy }),
      ...headers,
    });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => new Promise<void>((resolve) => void server.close(() => resolve()));
  return { url: `http://localhost:${port}/`, asked, close };
}
