/** A folder behind the store, in Node: transfers that break or are aborted go on where they were. */

import { describe, expect, test } from "vitest";
import { readBytes } from "../../../src/loading/sources/download";
import { failureOf } from "../../support/node/failure";
import {
  gzipped,
  ignoringRange,
  resetAt,
  resetAtByte,
  stallAt,
  status,
  withHeaders,
} from "../../support/node/server-faults";
import {
  brief,
  content,
  FILE,
  is,
  open,
  other,
  path,
  read,
  sent,
  server,
  serveFolders,
} from "../../support/node/stored-folder";

serveFolders();

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
