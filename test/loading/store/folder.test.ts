/** A folder behind the store, on Node: what is asked of the server, and what comes out. */

import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { readBytes } from "../../../src/loading/sources/download";
import type { ModelFiles } from "../../../src/loading/sources/files";
import { openSource } from "../../../src/loading/sources/source";
import { deleteModel, listModels } from "../../../src/loading/store/models";
import { openStored, type ReadingOptions } from "../../../src/loading/store/open";
import { failureOf } from "../../support/node/failure";
import {
  gzipped,
  ignoringRange,
  resetAt,
  resetAtByte,
  serveFaults,
  stallAt,
  status,
  withHeaders,
  type FaultServer,
  type Served,
} from "../../support/node/fault-server";

const content = Uint8Array.from({ length: 400_000 }, (_, i) => (i * 7919 + (i >> 8)) % 251);
const other = Uint8Array.from(content, (byte) => 255 - byte);
const sha256 = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");
const base64 = (data: Uint8Array) => `sha256-${createHash("sha256").update(data).digest("base64")}`;
const FILE = "model.safetensors";

let server: FaultServer;
let warnings: string[];
let folders = 0;
/** A folder that nothing is stored of yet. */
let path: string;
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

const open = (options: Partial<ReadingOptions> = {}): Promise<ModelFiles> =>
  openStored(openSource(server.url + path.split("/")[0]), {
    cache: true,
    retries: 3,
    stallTimeout: 30_000,
    onWarning: (message) => void warnings.push(message),
    onVerify: () => undefined,
    ...options,
  });
const read = async (options?: Partial<ReadingOptions>, name = FILE) =>
  readBytes(await open(options), name, { maxBytes: 2 ** 30 });
/** `toEqual` takes a second for so many bytes. */
const is = (found: Uint8Array | undefined, expected: Uint8Array) =>
  found !== undefined && Buffer.compare(found, expected) === 0;
const sent = (log: Served[]) => log.reduce((sum, request) => sum + request.sent, 0);
const brief = (log: Served[]) =>
  log.map(({ method, from, status, sent }) => `${method} ${from ?? ""} ${status} ${sent}`.replace("  ", " "));

describe("a second read", () => {
  test("asks whether the file is the same, and reads it from the store", async () => {
    expect(is(await read(), content)).toBe(true);
    expect(brief(server.take())).toEqual(["GET 200 400000"]);
    expect(is(await read(), content)).toBe(true);
    expect(brief(server.take())).toEqual(["HEAD 200 0"]);
  });

  test("without a network is the first one again", async () => {
    await read();
    const before = await open();
    expect(await readBytes(before, "absent.json")).toBeUndefined();
    await before.ended?.();
    server.take();
    server.offline = true;
    expect(is(await read(), content)).toBe(true);
    const files = await open();
    expect(is(await readBytes(files, FILE, { maxBytes: 2 ** 30 }), content)).toBe(true);
    expect(await readBytes(files, "absent.json")).toBeUndefined();
    expect(sent(server.take())).toBe(0);
  });

  test("asks once per load, however often the file is opened", async () => {
    await read();
    server.take();
    const files = await open();
    for (let i = 0; i < 3; i++) await readBytes(files, FILE);
    expect(brief(server.take())).toEqual(["HEAD 200 0"]);
  });

  test("fetches a file that has changed", async () => {
    await read();
    server.files.set(path, other);
    server.take();
    expect(is(await read(), other)).toBe(true);
    expect(brief(server.take())).toEqual(["HEAD 200 0", "GET 200 400000"]);
    expect(is(await read(), other)).toBe(true);
    expect(sent(server.take())).toBe(0);
  });

  test("fetches again from a server that does not say what it has", async () => {
    server.plain = true;
    await read();
    server.take();
    expect(is(await read(), content)).toBe(true);
    expect(sent(server.take())).toBe(400_000);
  });

  test("but not if the hash is known", async () => {
    server.plain = true;
    const integrity = { [FILE]: base64(content) };
    await read({ integrity });
    server.take();
    expect(is(await read({ integrity }), content)).toBe(true);
    expect(server.take()).toEqual([]);
  });

  test("is a fetch with cache: false", async () => {
    await read();
    server.take();
    expect(is(await read({ cache: false }), content)).toBe(true);
    expect(brief(server.take())).toEqual(["GET 200 400000"]);
  });
});

describe("a transfer that breaks", () => {
  test.each([0, 0.01, 0.5, 0.99])("at %d of it goes on at that byte", async (part) => {
    server.fault(path, resetAt(part));
    expect(is(await read(), content)).toBe(true);
    const log = server.take();
    expect(log.length).toBe(2);
    if (part > 0) expect(log[1]).toMatchObject({ from: log[0].sent, status: 206 });
    expect(sent(log)).toBe(400_000);
  });

  test.each([120_000, 240_000, 360_000])("at byte %i goes on there in the next load", async (byte) => {
    server.always(path, resetAtByte(byte));
    const error = await failureOf(() => read({ retries: 0 }));
    expect([error.code, error.message]).toEqual(["network", expect.stringContaining(`after ${byte} bytes`)]);
    server.calm();
    expect(sent(server.take())).toBe(byte);
    expect(is(await read(), content)).toBe(true);
    expect(brief(server.take())).toEqual([`GET ${byte} 206 ${400_000 - byte}`]);
  });

  test("goes on where the server knows no ranges, past what has come already", async () => {
    server.fault(path, resetAt(0.5), ignoringRange(server.files, path));
    expect(is(await read(), content)).toBe(true);
    expect(brief(server.take())).toEqual(["GET 200 200000", "GET 200000 200 400000"]);
  });

  test("starts over in the next load where the server knows no ranges", async () => {
    server.plain = true;
    server.always(path, resetAt(0.5));
    await failureOf(() => read({ retries: 0 }));
    server.calm();
    server.plain = true;
    server.take();
    expect(is(await read(), content)).toBe(true);
    expect(sent(server.take())).toBe(400_000);
  });

  test("starts over in the next load if the file has changed", async () => {
    server.always(path, resetAt(0.5));
    await failureOf(() => read({ retries: 0 }));
    server.calm();
    server.files.set(path, other);
    expect(is(await read(), other)).toBe(true);
    expect(is(await read(), other)).toBe(true);
  });

  test("fails if the file changes in the middle, and says to load again", async () => {
    server.fault(path, async (reply) => {
      server.files.set(path, other);
      await resetAt(0.5)(reply);
    });
    const files = await open();
    const error = await failureOf(() => readBytes(files, FILE));
    expect([error.code, error.message]).toEqual(["network", expect.stringContaining("has changed on the server")]);
    expect(await files.ended?.(error)).toBe(true);
    expect(is(await readBytes(files, FILE), other)).toBe(true);
  });

  test("is given up after the retries", async () => {
    server.always(path, status(503));
    const start = performance.now();
    const error = await failureOf(() => read({ retries: 1 }));
    expect(error.message).toContain("503");
    expect(server.take().length).toBe(2);
    expect(performance.now() - start).toBeGreaterThan(490);
  });

  test.each([404, 401, 403, 451])("is not tried again after a %d", async (code) => {
    server.always(path, status(code));
    if (code === 404) expect(await read()).toBeUndefined();
    else expect((await failureOf(() => read())).message).toContain(String(code));
    expect(server.take().length).toBe(1);
  });

  test("waits as long as the server asks, if that is not too long", async () => {
    server.fault(path, status(429, { "retry-after": "1" }));
    const start = performance.now();
    expect(is(await read(), content)).toBe(true);
    expect(performance.now() - start).toBeGreaterThan(990);
    server.files.set(path, other);
    server.fault(path, status(429, { "retry-after": "3600" }));
    const error = await failureOf(() => read());
    expect([error.message, error.hint]).toEqual([
      expect.stringContaining("429"),
      "The server asks to wait 3600 seconds.",
    ]);
  });

  test("counts as broken when nothing comes", async () => {
    server.fault(path, stallAt(0.4));
    expect(is(await read({ stallTimeout: 200 }), content)).toBe(true);
    server.files.set(path, other);
    server.always(path, stallAt(0));
    const error = await failureOf(() => read({ stallTimeout: 100, retries: 0 }));
    expect(error.message).toBe(`${FILE}: no byte came for 0.1 seconds.`);
  });

  test("after 416 starts over", async () => {
    server.always(path, resetAt(0.5));
    await failureOf(() => read({ retries: 0 }));
    server.calm();
    server.fault(path, status(416));
    expect(is(await read(), content)).toBe(true);
    expect(brief(server.take().slice(1))).toEqual(["GET 200000 416 10", "GET 200 400000"]);
  });

  test("is compressed text, which has no bytes in the middle", async () => {
    server.fault(path, gzipped, gzipped);
    expect(is(await read(), content)).toBe(true);
    expect(is(await read(), content)).toBe(true);
  });

  test("a range that begins elsewhere is not glued on", async () => {
    server.fault(
      path,
      resetAt(0.5),
      withHeaders((headers, reply) => {
        headers["content-range"] = `bytes ${reply.from + 1000}-399999/400000`;
      }),
    );
    const files = await open();
    const error = await failureOf(() => readBytes(files, FILE));
    expect(error.message).toContain("has changed");
    expect(await files.ended?.(error)).toBe(true);
    expect(is(await readBytes(files, FILE), content)).toBe(true);
  });
});

describe("hashes", () => {
  test.each([base64(content), sha256(content), `sha256-${sha256(content)}`])("%s", async (hash) => {
    expect(is(await read({ integrity: { [FILE]: hash } }), content)).toBe(true);
  });

  test("a wrong one deletes the file and names both", async () => {
    const error = await failureOf(() => read({ integrity: { [FILE]: sha256(other) } }));
    expect([error.code, error.message]).toEqual([
      "integrity",
      `${FILE}: its SHA-256 is ${sha256(content)}, not the expected ${sha256(other)}.`,
    ]);
    server.take();
    expect(is(await read(), content)).toBe(true);
    expect(sent(server.take())).toBe(400_000);
  });

  test("one that was computed over a broken transfer, from the store and the server", async () => {
    const integrity = { [FILE]: sha256(content) };
    server.always(path, resetAt(0.5));
    await failureOf(() => read({ retries: 0, integrity }));
    server.calm();
    expect(is(await read({ integrity }), content)).toBe(true);
  });

  test("one that is asked for later is compared with what is stored", async () => {
    await read();
    expect(is(await read({ integrity: { [FILE]: sha256(content) } }), content)).toBe(true);
    const files = await open({ integrity: { [FILE]: sha256(other) } });
    const error = await failureOf(() => readBytes(files, FILE));
    expect(error.code).toBe("integrity");
    // The stored file may have been damaged, so it is fetched once more.
    expect(await files.ended?.(error)).toBe(true);
    expect((await failureOf(() => readBytes(files, FILE))).code).toBe("integrity");
    expect(await files.ended?.(error)).toBe(false);
  });

  test("of local files", async () => {
    const reader = { read: (name: string) => (name === FILE ? content : undefined) };
    const from = (hash: string) =>
      openStored(openSource(reader), {
        ...{ cache: true, retries: 3, stallTimeout: 1, onWarning: (message: string) => void warnings.push(message) },
        integrity: { [FILE]: hash },
        onVerify: () => undefined,
      });
    expect(is(await readBytes(await from(sha256(content)), FILE), content)).toBe(true);
    const error = await failureOf(async () => readBytes(await from(sha256(other)), FILE));
    expect(error.code).toBe("integrity");
  });

  test("one of a file that is never read is a warning", async () => {
    const files = await open({ integrity: { "modle.safetensors": sha256(content) } });
    await readBytes(files, FILE);
    await files.ended?.();
    expect(warnings).toEqual(["load: integrity names files that were not read: modle.safetensors."]);
  });

  test.each(["", "sha256-abc", "md5-abc", "sha384-abc", 5, null])("%j is none", async (value) => {
    const error = await failureOf(() => open({ integrity: { [FILE]: value } }));
    expect([error.code, error.message]).toEqual(["invalid_option", expect.stringContaining(FILE)]);
  });
});

describe("aborting", () => {
  test("ends a transfer, and the next one goes on", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    server.fault(path, async (reply) => {
      await stallAt(0.5)(reply);
      setTimeout(() => controller.abort(reason), 400);
    });
    const files = await open();
    await expect(readBytes(files, FILE, { signal: controller.signal })).rejects.toBe(reason);
    await server.idle();
    server.take();
    expect(is(await read(), content)).toBe(true);
    expect(brief(server.take())).toEqual(["GET 200000 206 200000"]);
  });

  test("ends waiting for the next try, for headers, and for another load", async () => {
    const reason = new Error("enough");
    const late = () => AbortSignal.any([AbortSignal.timeout(50)]);
    server.always(path, status(503, { "retry-after": "50" }));
    await expect(readBytes(await open(), FILE, { signal: late() })).rejects.toMatchObject({ name: "TimeoutError" });
    server.always(path, () => undefined);
    await expect(readBytes(await open(), FILE, { signal: late() })).rejects.toMatchObject({ name: "TimeoutError" });
    server.calm();
    const first = await (await open()).open(FILE);
    await expect(readBytes(await open(), FILE, { signal: late() })).rejects.toMatchObject({ name: "TimeoutError" });
    await expect(readBytes(await open(), FILE, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await first?.stream.cancel();
    expect(is(await read(), content)).toBe(true);
  });

  test("a reader that leaves keeps what came", async () => {
    server.fault(path, stallAt(0.5));
    const file = await (await open()).open(FILE);
    const reader = file?.stream.getReader();
    await reader?.read();
    const pending = reader?.read();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await reader?.cancel();
    await pending;
    await server.idle();
    server.take();
    expect(is(await read(), content)).toBe(true);
    expect(sent(server.take())).toBeLessThan(400_000);
  });
});

describe("two loads at a time", () => {
  test("fetch a file once", async () => {
    for (const bytes of await Promise.all([read(), read(), read()])) expect(is(bytes, content)).toBe(true);
    expect(sent(server.take())).toBe(400_000);
  });
});

describe("what is damaged", () => {
  test("is deleted when the load says so, unless its hash is right", async () => {
    await read();
    const files = await open();
    await readBytes(files, FILE);
    const { ModelError } = await import("../../../src/errors");
    const broken = new ModelError("invalid_weights", "broken");
    expect(await files.ended?.(broken)).toBe(true);
    server.take();
    await readBytes(files, FILE);
    expect(sent(server.take())).toBe(400_000);
    expect(await files.ended?.(broken)).toBe(false);
    expect(await files.ended?.(new ModelError("network", "gone"))).toBe(false);

    const hashed = { integrity: { [FILE]: sha256(content) } };
    await read(hashed);
    server.take();
    const again = await open(hashed);
    await readBytes(again, FILE);
    expect(await again.ended?.(broken)).toBe(false);
    await readBytes(again, FILE);
    expect(server.take()).toEqual([]);
  });
});

describe("facts", () => {
  test("size, and bytes that need not be fetched", async () => {
    const facts = async (name = FILE) => (await open()).facts?.(name);
    expect(await facts()).toEqual({ size: 400_000, stored: 0 });
    expect(await facts("absent.json")).toBeUndefined();
    server.always(path, resetAt(0.25));
    await failureOf(() => read({ retries: 0 }));
    server.calm();
    expect(await facts()).toEqual({ size: 400_000, stored: 100_000 });
    await read();
    expect(await facts()).toEqual({ size: 400_000, stored: 400_000 });
    server.files.set(path, other);
    expect(await facts()).toEqual({ size: 400_000, stored: 0 });
    server.offline = true;
    expect(await facts()).toEqual({ size: 400_000, stored: 400_000 });
  });
});

describe("the list of models", () => {
  test("has what is stored, and what is deleted is gone", async () => {
    await read();
    const name = server.url + path.replace(FILE, "");
    const find = async () => (await listModels()).find((model) => model.name === name);
    expect(await find()).toMatchObject({
      bytes: 400_000,
      complete: true,
      place: "memory",
      files: [{ file: FILE, bytes: 400_000, size: 400_000, complete: true }],
    });
    expect(await deleteModel("https://example.org/")).toBe(false);
    expect(await deleteModel(name)).toBe(true);
    expect(await find()).toBeUndefined();
    expect(await deleteModel(name)).toBe(false);
    server.take();
    await read();
    expect(sent(server.take())).toBe(400_000);
    expect(await deleteModel(new URL(name))).toBe(true);
  });
});
