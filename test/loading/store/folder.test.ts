/** A folder behind the store, in Node: what is asked of the server, and what comes out. */

import { describe, expect, test } from "vitest";
import { readBytes } from "../../../src/loading/sources/download";
import { openSource } from "../../../src/loading/sources/source";
import { deleteModel, listModels } from "../../../src/loading/store/models";
import { openStored } from "../../../src/loading/store/open";
import { failureOf } from "../../support/node/failure";
import { resetAt } from "../../support/node/server-faults";
import {
  base64,
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
  sha256,
  warnings,
} from "../../support/node/stored-folder";

serveFolders();

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
