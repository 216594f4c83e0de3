/** Sources without HTTP: picked files, directory handles, `{ read }`, folders on Node. */

import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ModelError } from "../../../src/errors";
import { readBytes, readText } from "../../../src/loading/sources/download";
import { openSource } from "../../../src/loading/sources/source";
import { failureOf } from "../../support/node/failure";
import { heldBytes } from "../../support/node/garbage";

describe("picked files", () => {
  const file = (path: string, content = path) => {
    const made = new File([content], path.split("/").pop() as string);
    if (path.includes("/")) Object.defineProperty(made, "webkitRelativePath", { value: path });
    return made;
  };

  test("by name, with size", async () => {
    const files = openSource([file("config.json", "{}"), file("model.safetensors", "12345")]);
    expect(await readText(files, "config.json")).toBe("{}");
    expect((await files.open("model.safetensors"))?.size).toBe(5);
    expect(await files.open("vocab.json")).toBeUndefined();
  });

  test("below the folder common to all; files of other folders are not taken for it", async () => {
    const files = openSource([file("up/m/config.json"), file("up/m/onnx/config.json"), file("up/m/onnx/vocab.json")]);
    expect(files.name).toBe("up/m");
    expect(await readText(files, "config.json")).toBe("up/m/config.json");
    expect(await readText(files, "onnx/config.json")).toBe("up/m/onnx/config.json");
    expect(await files.open("vocab.json")).toBeUndefined();
  });

  test("a FileList is taken as a list", async () => {
    const list = { 0: file("config.json", "{}"), length: 1, item: () => null } as unknown as FileList;
    expect(await readText(openSource(list), "config.json")).toBe("{}");
  });

  test("two files of one name", async () => {
    const error = await failureOf(() => openSource([file("config.json"), file("config.json")]));
    expect([error.code, error.message]).toEqual(["invalid_source", 'The list holds two files named "config.json".']);
  });
});

describe("a FileSystemDirectoryHandle", () => {
  interface Folder {
    [name: string]: Folder | string;
  }
  const handle = (folder: Folder): FileSystemDirectoryHandle => {
    const get = (name: string, wanted: string) => {
      if (!Object.hasOwn(folder, name)) throw new DOMException("no such entry", "NotFoundError");
      if (typeof folder[name] !== wanted) throw new DOMException("other kind", "TypeMismatchError");
      return folder[name];
    };
    return {
      kind: "directory",
      name: "picked",
      getDirectoryHandle: async (name: string) => handle(get(name, "object") as Folder),
      getFileHandle: async (name: string) => ({ getFile: async () => new File([get(name, "string") as string], name) }),
    } as unknown as FileSystemDirectoryHandle;
  };

  test("files, folders below, and what is not there", async () => {
    const files = openSource(handle({ "config.json": "{}", onnx: { "a.json": "[1]" } }));
    expect(files.name).toBe("picked");
    expect(await readText(files, "config.json")).toBe("{}");
    expect(await readText(files, "onnx/a.json")).toBe("[1]");
    for (const path of ["b.json", "onnx", "onnx/b.json", "no/a.json"]) expect(await files.open(path)).toBeUndefined();
  });

  test("a refused permission is not a missing file", async () => {
    const cause = new DOMException("permission denied", "NotAllowedError");
    const refusing = { ...handle({}), getFileHandle: () => Promise.reject(cause) } as FileSystemDirectoryHandle;
    const error = await failureOf(() => openSource(refusing).open("config.json"));
    expect([error.code, error.cause]).toEqual(["file_not_found", cause]);
    expect(error.message).toBe("config.json: can't be opened in picked: permission denied");
  });
});

describe("{ read }", () => {
  const bytes = new TextEncoder().encode("héllo");
  const padded = Uint8Array.of(0, ...bytes, 0);

  test.each<[string, unknown]>([
    ["Uint8Array", bytes],
    ["a view into a larger buffer", padded.subarray(1, 1 + bytes.length)],
    ["DataView", new DataView(padded.buffer, 1, bytes.length)],
    ["Buffer", Buffer.from("héllo")],
    ["ArrayBuffer", bytes.buffer],
    ["Blob", new Blob([bytes])],
    ["string", "héllo"],
    ["a promise", Promise.resolve(bytes)],
  ])("%s", async (_, value) => {
    const files = openSource({ read: () => value });
    expect((await files.open("vocab.txt"))?.size).toBe(6);
    expect(await readText(files, "vocab.txt")).toBe("héllo");
  });

  test("ReadableStream and Response", async () => {
    const read = (path: string) => (path === "a" ? new Blob([bytes]).stream() : new Response(bytes));
    expect(await readText(openSource({ read }), "a")).toBe("héllo");
    expect(await readText(openSource({ read }), "b")).toBe("héllo");
  });

  test.each<[string, () => unknown]>([
    ["undefined", () => undefined],
    ["null", () => null],
    ["a 404 Response", () => new Response("", { status: 404 })],
    ["NotFoundError", () => Promise.reject(new DOMException("", "NotFoundError"))],
    ["ENOENT", () => Promise.reject(Object.assign(new Error(), { code: "ENOENT" }))],
  ])("no such file: %s", async (_, read) => {
    expect(await openSource({ read }).open("config.json")).toBeUndefined();
  });

  test("this, the path and the signal are passed on", async () => {
    const signal = new AbortController().signal;
    const source = {
      store: new Map([["onnx/a.json", "[1]"]]),
      read(path: string, range?: unknown, passed?: AbortSignal) {
        expect([range, passed]).toEqual([undefined, signal]);
        return this.store.get(path);
      },
    };
    expect(await readText(openSource(source), "onnx/a.json", { signal })).toBe("[1]");
  });

  test("failures", async () => {
    const cause = new Error("quota");
    const thrown = await failureOf(() => openSource({ read: () => Promise.reject(cause) }).open("a.json"));
    expect(thrown).toMatchObject({ code: "network", cause, message: "a.json: the source's read() failed: quota" });
    expect((await failureOf(() => openSource({ read: () => 7 }).open("a.json"))).code).toBe("invalid_source");
    expect((await failureOf(() => openSource({ read: () => ({}) }).open("a.json"))).code).toBe("invalid_source");
    const bad = new Response("", { status: 503 });
    expect((await failureOf(() => openSource({ read: () => bad }).open("a.json"))).code).toBe("network");
    const own = new ModelError("out_of_memory", "mine");
    expect(await failureOf(() => openSource({ read: () => Promise.reject(own) }).open("a.json"))).toBe(own);
  });

  test("an abort ends a read() that never answers, and closes what comes too late", async () => {
    const abort = new AbortController();
    let cancelled: unknown;
    let answer: (stream: ReadableStream) => void = () => {};
    const read = () => new Promise<ReadableStream>((resolve) => (answer = resolve));
    const opening = openSource({ read }).open("a.json", abort.signal);
    setTimeout(() => abort.abort("late"), 10);
    await expect(opening).rejects.toBe("late");
    answer(new ReadableStream({ cancel: (reason) => void (cancelled = reason) }));
    await vi.waitFor(() => expect(cancelled).toBe("late"), 30_000);
  });
});

describe("a folder on Node", () => {
  let folder: string;
  const big = Uint8Array.from({ length: 3_000_000 }, (_, i) => i % 251);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "attendant 日本 #?-"));
    await mkdir(join(folder, "onnx"));
    await writeFile(join(folder, "config.json"), "{}");
    await writeFile(join(folder, "onnx", "big.bin"), big);
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("an absolute path, a relative path, a file: URL and its string", async () => {
    const url = pathToFileURL(folder);
    const climbing = relative(process.cwd(), folder);
    for (const source of [folder, `${folder}/`, climbing, url, url.href, `${url.href}/`]) {
      const files = openSource(source);
      expect(await readText(files, "config.json")).toBe("{}");
      expect((await files.open("config.json"))?.size).toBe(2);
      for (const path of ["vocab.json", "onnx", "config.json/x", "no/x"])
        expect(await files.open(path)).toBeUndefined();
    }
    expect(await openSource(join(folder, "nowhere")).open("config.json")).toBeUndefined();
  });

  test("large files come in several chunks", async () => {
    const bytes = await readBytes(openSource(folder), "onnx/big.bin");
    expect(Buffer.from(big).equals(bytes as Uint8Array)).toBe(true);
  });

  test("a large file is not read ahead of its reader", async () => {
    await writeFile(join(folder, "sparse.bin"), "");
    await truncate(join(folder, "sparse.bin"), 64 << 20);
    const before = heldBytes().arrays;
    const file = await openSource(folder).open("sparse.bin");
    const reader = file?.stream.getReader();
    expect((await reader?.read())?.value?.length).toBeLessThanOrEqual(1 << 20);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(heldBytes().arrays - before).toBeLessThan(16 << 20);
    await reader?.cancel();
  });
});
