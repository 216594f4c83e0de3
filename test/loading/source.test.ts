import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { ModelError } from "../../src/errors";
import { readBytes, readText } from "../../src/loading/download";
import { openSource } from "../../src/loading/source";
import type { Source } from "../../src/loading/source";

async function failure(result: () => unknown): Promise<ModelError> {
  const error: unknown = await (async () => result())().then(
    () => "no error",
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(ModelError);
  return error as ModelError;
}

/** Stubs `fetch` with a server that knows no file, and returns the URLs asked for. */
function recordFetch(response = () => new Response("", { status: 404 })): string[] {
  const urls: string[] = [];
  vi.stubGlobal("fetch", async (url: URL) => {
    urls.push(url.href);
    return response();
  });
  return urls;
}

afterEach(() => void vi.unstubAllGlobals());

describe("what a source means", () => {
  const requested = async (source: Source, path = "config.json") => {
    const urls = recordFetch();
    expect(await openSource(source).open(path)).toBeUndefined();
    return urls[0];
  };
  const hub = "https://huggingface.co";

  test.each<[Source, string]>([
    ["owner/name", `${hub}/owner/name/resolve/main/config.json`],
    ["Helsinki-NLP/opus-mt-en-fr", `${hub}/Helsinki-NLP/opus-mt-en-fr/resolve/main/config.json`],
    ["models/v1.5_x", `${hub}/models/v1.5_x/resolve/main/config.json`],
    [{ repo: "owner/name" }, `${hub}/owner/name/resolve/main/config.json`],
    [{ repo: "t5-small", revision: "v1.0" }, `${hub}/t5-small/resolve/v1.0/config.json`],
    [{ repo: "owner/name", revision: "refs/pr/4" }, `${hub}/owner/name/resolve/refs%2Fpr%2F4/config.json`],
    ["https://a.example/m", "https://a.example/m/config.json"],
    ["https://a.example/m/", "https://a.example/m/config.json"],
    ["https://a.example", "https://a.example/config.json"],
    ["HTTP://a.example/m?token=a/b#top", "http://a.example/m/config.json?token=a/b"],
    [new URL("https://a.example/m?v=1"), "https://a.example/m/config.json?v=1"],
    ["chrome-extension://abc/m", "chrome-extension://abc/m/config.json"],
  ])("%o", async (source, url) => {
    expect(await requested(source)).toBe(url);
  });

  test.each([
    ["/models/x", "https://site.example/models/x/config.json"],
    ["./models/x", "https://site.example/app/models/x/config.json"],
    ["./models", "https://site.example/app/models/config.json"],
    ["../x", "https://site.example/x/config.json"],
    ["models/en-fr/v1", "https://site.example/app/models/en-fr/v1/config.json"],
    ["models", "https://site.example/app/models/config.json"],
    ["models/en-fr/", "https://site.example/app/models/en-fr/config.json"],
    [".hidden/x", "https://site.example/app/.hidden/x/config.json"],
    ["//cdn.example/x", "https://cdn.example/x/config.json"],
    ["owner/name", `${hub}/owner/name/resolve/main/config.json`],
  ])("in a page and a worker: %s", async (source, url) => {
    vi.stubGlobal("document", { baseURI: "https://site.example/app/index.html?q#h" });
    expect(await requested(source)).toBe(url);
    vi.stubGlobal("document", undefined);
    vi.stubGlobal("location", { href: "https://site.example/app/worker.js" });
    expect(await requested(source)).toBe(url);
  });

  test("file names are escaped and may lie in folders below", async () => {
    expect(await requested("https://a.example/m?k=1", "onnx/a b%2e&.json")).toBe(
      "https://a.example/m/onnx/a%20b%252e%26.json?k=1",
    );
  });

  test("names for messages hold neither query nor credentials", () => {
    expect(openSource("https://user:pass@a.example/m?token=secret#x").name).toBe("https://a.example/m/");
    expect(openSource("owner/name").name).toContain("huggingface.co/owner/name");
  });

  test.each<[string, unknown]>([
    ["empty string", ""],
    ["undefined", undefined],
    ["null", null],
    ["number", 7],
    ["empty object", {}],
    ["read that is no function", { read: 1 }],
    ["empty list", []],
    ["list of strings", ["config.json"]],
    ["blob URL", "blob:https://a.example/0b1c"],
    ["data URL", "data:application/json,{}"],
    ["host without scheme", "localhost:8080/models"],
    ["malformed URL", "https://"],
    ["repo with a path", { repo: "a/b/c" }],
    ["repo that climbs", { repo: "../name" }],
    ["repo of the wrong type", { repo: 7 }],
    ["empty revision", { repo: "a/b", revision: "" }],
  ])("invalid source: %s", async (_, source) => {
    const error = await failure(() => openSource(source as Source));
    expect([error.code, error.hint]).toEqual(["invalid_source", expect.stringContaining("FileSystemDirectoryHandle")]);
  });

  test("a relative source in a page without a usable base", async () => {
    vi.stubGlobal("location", { href: "about:blank" });
    expect((await failure(() => openSource("./models/x"))).code).toBe("invalid_source");
  });

  test.each([
    "../x",
    "a/../../x",
    "/etc/passwd",
    "a\\b",
    "https://evil.example/x",
    "a?b",
    "a#b",
    "",
    "a//b",
    "./a",
    "a\n",
  ])("the file name %j is refused and nothing is fetched", async (path) => {
    const urls = recordFetch();
    expect((await failure(() => openSource("https://a.example/m").open(path))).code).toBe("file_not_found");
    expect(urls).toEqual([]);
  });
});

describe("over HTTP", () => {
  let server: Server;
  let origin: string;
  const routes: Record<string, (response: ServerResponse, request: IncomingMessage) => void> = {
    "/m/config.json": (r) => r.setHeader("content-type", "application/json").end('{"a":1}'),
    "/m/chunked.json": (r) => (r.write("[1,"), r.end("2]")),
    "/m/gzip.json": (r) => {
      const body = gzipSync("x".repeat(5000));
      r.writeHead(200, { "content-encoding": "gzip", "content-length": body.length }).end(body);
    },
    "/m/moved.json": (r) => r.writeHead(302, { location: "/m/config.json" }).end(),
    "/m/loop.json": (r) => r.writeHead(302, { location: "/m/loop.json" }).end(),
    "/m/gone.json": (r) => r.writeHead(410).end("gone"),
    "/m/500.json": (r) => r.writeHead(500).end("oops"),
    "/m/403.json": (r) => r.writeHead(403).end("no"),
    "/m/spa.json": (r) => r.setHeader("content-type", "text/html; charset=utf-8").end("<!doctype html>"),
    "/m/model.safetensors": (r) => r.setHeader("content-type", "Text/HTML").end("<!doctype html>"),
    "/m/page.html": (r) => r.setHeader("content-type", "text/html").end("<p>"),
    "/m/empty.json": (r) => r.writeHead(200, { "content-length": 0 }).end(),
    "/m/dropped.json": (r) => {
      r.writeHead(200, { "content-length": 1000 }).write("x".repeat(100));
      setTimeout(() => r.destroy(), 20);
    },
    "/m/dropped-chunked.json": (r) => {
      r.write("x".repeat(100));
      setTimeout(() => r.destroy(), 20);
    },
    "/m/refused.json": (r) => r.destroy(),
    "/m/stalled.json": (r) => r.writeHead(200, { "content-length": 1000 }).write("x".repeat(100)),
    "/m/silent.json": () => {},
    "/m/query.json": (r, q) => r.end(q.url),
  };
  const files = () => openSource(`${origin}/m?k=secret`);

  beforeAll(async () => {
    server = createServer((request, response) => {
      const route = routes[(request.url ?? "").split("?")[0]];
      if (route) route(response, request);
      else response.writeHead(404).end("not found");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test("a file, its size and its query", async () => {
    const file = await files().open("config.json");
    expect(file?.size).toBe(7);
    await file?.stream.cancel();
    expect(await readText(files(), "config.json")).toBe('{"a":1}');
    expect(await readText(files(), "query.json")).toBe("/m/query.json?k=secret");
    expect(await readText(files(), "moved.json")).toBe('{"a":1}');
    expect(await readText(files(), "empty.json")).toBe("");
    expect(await readText(files(), "page.html")).toBe("<p>");
  });

  test("the size is open for chunked and for compressed bodies", async () => {
    for (const [path, length] of [
      ["chunked.json", 5],
      ["gzip.json", 5000],
    ] as const) {
      const file = await files().open(path);
      expect([path, file?.size, file?.expectedSize]).toEqual([path, undefined, undefined]);
      await file?.stream.cancel();
      expect((await readBytes(files(), path))?.length).toBe(length);
    }
  });

  test("from another origin the length is an expectation only", async () => {
    const response = new Response("12345", { headers: { "content-length": "3" } });
    Object.defineProperty(response, "type", { value: "cors" });
    recordFetch(() => response);
    const opened = await openSource("https://a.example/m").open("config.json");
    expect([opened?.size, opened?.expectedSize]).toEqual([undefined, 3]);
    expect(await readText({ name: "", open: async () => opened }, "config.json")).toBe("12345");
  });

  test.each(["nothing.json", "gone.json", "spa.json", "model.safetensors"])("%s is missing", async (path) => {
    expect(await files().open(path)).toBeUndefined();
  });

  test.each([
    ["500.json", /\/m\/500\.json answered 500/],
    ["403.json", /answered 403/],
    ["refused.json", /could not be fetched/],
    ["loop.json", /could not be fetched/],
    ["dropped.json", /dropped\.json: the transfer failed after 100 bytes/],
    ["dropped-chunked.json", /the transfer failed after 100 bytes/],
  ])("%s is a network error that names URL or file, not the secret", async (path, message) => {
    const error = await failure(() => readBytes(files(), path));
    expect([error.code, error.hint]).toEqual(["network", expect.any(String)]);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain("secret");
    if (message.source.includes("fetched")) expect(error.cause).toBeInstanceOf(TypeError);
  });

  test("a body that is shorter than a length which fetch did not check", async () => {
    recordFetch(() => new Response("x".repeat(9), { headers: { "content-length": "10" } }));
    const error = await failure(() => readBytes(openSource("https://a.example/m"), "config.json"));
    expect([error.code, error.message]).toEqual(["network", expect.stringContaining("9 of 10 bytes")]);
  });

  test.each(["silent.json", "stalled.json"])("an abort ends the wait for %s", async (path) => {
    const abort = new AbortController();
    const reason = new Error("user left");
    const reading = readBytes(files(), path, { signal: abort.signal });
    setTimeout(() => abort.abort(reason), 50);
    await expect(reading).rejects.toBe(reason);
    await expect(files().open("config.json", abort.signal)).rejects.toBe(reason);
  });
});

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
    const error = await failure(() => openSource([file("config.json"), file("config.json")]));
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
    const error = await failure(() => openSource(refusing).open("config.json"));
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
    const thrown = await failure(() => openSource({ read: () => Promise.reject(cause) }).open("a.json"));
    expect(thrown).toMatchObject({ code: "network", cause, message: "a.json: the source's read() failed: quota" });
    expect((await failure(() => openSource({ read: () => 7 }).open("a.json"))).code).toBe("invalid_source");
    expect((await failure(() => openSource({ read: () => ({}) }).open("a.json"))).code).toBe("invalid_source");
    const bad = new Response("", { status: 503 });
    expect((await failure(() => openSource({ read: () => bad }).open("a.json"))).code).toBe("network");
    const own = new ModelError("out_of_memory", "mine");
    expect(await failure(() => openSource({ read: () => Promise.reject(own) }).open("a.json"))).toBe(own);
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
    await vi.waitFor(() => expect(cancelled).toBe("late"));
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
    const before = process.memoryUsage().arrayBuffers;
    const file = await openSource(folder).open("sparse.bin");
    const reader = file?.stream.getReader();
    expect((await reader?.read())?.value?.length).toBeLessThanOrEqual(1 << 20);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20);
    await reader?.cancel();
  });
});
