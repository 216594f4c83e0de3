/** A folder of a server behind the store, in Node: for tests of what is asked of the server, and of what comes out. */

import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, vi } from "vitest";
import { readBytes } from "../../../src/loading/sources/download";
import type { ModelFiles } from "../../../src/loading/sources/files";
import { openSource } from "../../../src/loading/sources/source";
import { openStored, type ReadingOptions } from "../../../src/loading/store/open";
import { serveFaults, type FaultServer, type Served } from "./fault-server";

export const content = Uint8Array.from({ length: 400_000 }, (_, i) => (i * 7919 + (i >> 8)) % 251);
export const other = Uint8Array.from(content, (byte) => 255 - byte);
export const sha256 = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");
export const base64 = (data: Uint8Array) => `sha256-${createHash("sha256").update(data).digest("base64")}`;
export const FILE = "model.safetensors";

export let server: FaultServer;
export let warnings: string[];
/** Of the one file, in a folder that nothing is stored of yet. */
export let path: string;
let folders = 0;

/** Each test of the file that calls this has a folder of its own on one server. */
export function serveFolders(): void {
  beforeAll(async () => {
    server = await serveFaults({});
  });
  afterAll(() => server.close());
  beforeEach(() => {
    path = `folder-${folders++}/${FILE}`;
    server.files.set(path, content);
    warnings = [];
  });
  afterEach(() => {
    server.calm();
    server.take();
    vi.unstubAllGlobals();
  });
}

export const open = (options: Partial<ReadingOptions> = {}): Promise<ModelFiles> =>
  openStored(openSource(server.url + path.split("/")[0]), {
    cache: true,
    retries: 3,
    stallTimeout: 30_000,
    onWarning: (message) => void warnings.push(message),
    onVerify: () => undefined,
    ...options,
  });
export const read = async (options?: Partial<ReadingOptions>, name = FILE) =>
  readBytes(await open(options), name, { maxBytes: 2 ** 30 });
/** `toEqual` takes a second for so many bytes. */
export const is = (found: Uint8Array | undefined, expected: Uint8Array) =>
  found !== undefined && Buffer.compare(found, expected) === 0;
export const sent = (log: Served[]) => log.reduce((sum, request) => sum + request.sent, 0);
export const brief = (log: Served[]) =>
  log.map(({ method, from, status, sent }) => `${method} ${from ?? ""} ${status} ${sent}`.replace("  ", " "));
