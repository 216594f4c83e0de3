/** What a source argument means, and folders over HTTP. */

import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { readBytes, readText } from "../../../src/loading/sources/download";
import { openSource } from "../../../src/loading/sources/source";
import type { Source } from "../../../src/loading/sources/source";
import { failureOf } from "../../support/node/failure";

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
    [{ repo: "a/b", endpoint: "https://mirror.example/hf/" }, "https://mirror.example/hf/a/b/resolve/main/config.json"],
    [{ repo: "a/b", endpoint: new URL("http://localhost:1") }, "http://localhost:1/a/b/resolve/main/config.json"],
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
    // In Node, as in transformers, a folder that is there comes first.
    expect(openSource("demo/public").name).toBe("demo/public");
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
    ["endpoint that is no URL", { repo: "a/b", endpoint: "mirror.example" }],
    ["endpoint with a query", { repo: "a/b", endpoint: "https://mirror.example?x" }],
    ["endpoint of another scheme", { repo: "a/b", endpoint: "file:///x" }],
    ["endpoint of the wrong type", { repo: "a/b", endpoint: 3 }],
  ])("invalid source: %s", async (_, source) => {
    const error = await failureOf(() => openSource(source as Source));
    expect([error.code, error.hint]).toEqual(["invalid_source", expect.stringContaining("FileSystemDirectoryHandle")]);
  });

  test("a relative source in a page without a usable base", async () => {
    vi.stubGlobal("location", { href: "about:blank" });
    expect((await failureOf(() => openSource("./models/x"))).code).toBe("invalid_source");
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
    expect((await failureOf(() => openSource("https://a.example/m").open(path))).code).toBe("file_not_found");
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
    const error = await failureOf(() => readBytes(files(), path));
    expect([error.code, error.hint]).toEqual(["network", expect.any(String)]);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain("secret");
    if (message.source.includes("fetched")) expect(error.cause).toBeInstanceOf(TypeError);
  });

  test("a body that is shorter than a length which fetch did not check", async () => {
    recordFetch(() => new Response("x".repeat(9), { headers: { "content-length": "10" } }));
    const error = await failureOf(() => readBytes(openSource("https://a.example/m"), "config.json"));
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
