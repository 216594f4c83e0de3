/**
 * Turns what the user calls "the model" (a URL, a path, a Hub repository, picked files, a function) into one thing:
 * a folder of files that can be opened by name.
 *
 * It neither reads nor checks file contents; `download.ts` and `safetensors.ts` do. A file that is not there is
 * `undefined` and not an error, because many files of a model folder are optional.
 */

import { ModelError, quote } from "../errors";
import type { ErrorCode } from "../errors";

export interface OpenFile {
  /** The bytes. Whoever opened the file must read this stream to its end or cancel it. */
  stream: ReadableStream<Uint8Array>;
  /** Exact length in bytes, where known. */
  size?: number;
  /** Length in bytes where it is only likely, for progress bars: see {@link fromResponse}. */
  expectedSize?: number;
}

export interface ModelFiles {
  /** What to call this source in messages: its URL (without query, which may hold a secret) or path. */
  readonly name: string;
  /**
   * Opens a file of the folder; `undefined` when there is none of that name.
   * @param path plain relative name, such as `config.json` or `onnx/model.json`
   * @throws ModelError `network`, or `file_not_found` where the file can't be opened or `path` leaves the folder;
   * `signal.reason` once `signal` is aborted
   */
  open(path: string, signal?: AbortSignal): Promise<OpenFile | undefined>;
}

/** The user's own access to the files. `range` is reserved: the engine asks for whole files at present. */
export interface CustomReader {
  /** (A promise of) Uint8Array, ArrayBuffer, ReadableStream of Uint8Array, Blob, Response, string; nullish for no file. */
  read(path: string, range?: { start: number; end: number }, signal?: AbortSignal): unknown;
}

/** A repository on the Hugging Face Hub. */
export interface HubSource {
  /** "owner/name" */
  repo: string;
  /** A branch, tag, commit, or a pull request such as "refs/pr/1". Default "main". */
  revision?: string;
  /** The address of a mirror of the Hub. */
  endpoint?: string | URL;
}

export type Source = string | URL | HubSource | File[] | FileList | FileSystemDirectoryHandle | CustomReader;

const HUB = "https://huggingface.co";
const HUB_REPO = /^[\w-][\w.-]*\/[\w-][\w.-]*$/;
const ACCEPTED =
  'Pass the URL or path of a folder, "owner/name" or { repo, revision } on the Hugging Face Hub, ' +
  "File[] or a FileList, a FileSystemDirectoryHandle, or { read(path, range, signal) }.";

const failure = (code: ErrorCode, message: string, hint?: string, cause?: unknown) =>
  new ModelError(code, message, hint, { cause });

const invalidSource = (message: string, cause?: unknown) => failure("invalid_source", message, ACCEPTED, cause);

/**
 * Makes a folder of files out of a `source`; touches neither network nor disk yet.
 *
 * A string is read by the first rule that fits:
 * 1. it has a scheme (`https:`, `http:`, `chrome-extension:` ...): a URL; on Node `file:` is the file system;
 * 2. it is exactly `owner/name`, of letters, digits and `_ - .`, neither part with a leading dot: a repository on the
 *    Hub. A local folder of that form needs a leading `./`;
 * 3. anything else (`/models/x`, `./x`, `../x`, `models/en-fr/v1`): relative to the page or worker script
 *    (`document.baseURI`, `location.href`), or, where there is no page, a file system path on Node.
 *
 * The query of a URL (`?token=...`) goes with the request for each file; its hash is dropped.
 * Of picked files, those with a `webkitRelativePath` are named below the deepest folder common to all, others by name.
 *
 * @throws ModelError `invalid_source`
 */
export function openSource(source: Source): ModelFiles {
  const folder = resolve(source);
  return {
    name: folder.name,
    async open(path, signal) {
      checkPath(path);
      signal?.throwIfAborted();
      try {
        return await untilAborted(folder.open(path, signal), signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof ModelError) throw error;
        if (isMissing(error)) return undefined;
        const message = `${path}: can't be opened in ${folder.name}: ${reason(error)}`;
        throw failure("file_not_found", message, "The file may need a permission.", error);
      }
    },
  };
}

function resolve(source: unknown): ModelFiles {
  if (typeof source === "string") return openString(source);
  if (source instanceof URL) return openUrl(source);
  if (typeof source === "object" && source !== null) {
    if ("read" in source && typeof source.read === "function") return openReader(source as CustomReader);
    if ("getFileHandle" in source) return openDirectory(source as FileSystemDirectoryHandle);
    if ("repo" in source) return openHub(source);
    if ("length" in source) return openFiles(Array.from(source as ArrayLike<unknown>));
  }
  throw invalidSource(`This ${source === null ? "null" : typeof source} is not a source that files can be read from.`);
}

function openString(text: string): ModelFiles {
  if (text === "") throw invalidSource("The source is an empty string.");
  // Two letters at least, since `C:\models` is a path.
  const scheme = /^[a-z][a-z0-9+.-]+:/i.test(text);
  if (!scheme && HUB_REPO.test(text)) return openHub({ repo: text });
  const base = pageUrl();
  if (!scheme && base === undefined) return openNodeFolder(text);
  let url: URL;
  try {
    url = new URL(text, base);
  } catch (cause) {
    throw invalidSource(`"${text}" is not a URL${scheme ? "" : ` below ${base}`}.`, cause);
  }
  return openUrl(url);
}

/** Undefined outside of pages and workers. */
const pageUrl = (): string | undefined => globalThis.document?.baseURI ?? globalThis.location?.href;

function openHub({ repo, revision = "main", endpoint = HUB }: { [Key in keyof HubSource]: unknown }): ModelFiles {
  // Repositories without an owner are old ("t5-small") and must be asked for as { repo }.
  if (typeof repo !== "string" || !HUB_REPO.test(repo.includes("/") ? repo : `owner/${repo}`))
    throw invalidSource(`${quote(repo)} is not the name of a repository, such as "owner/name".`);
  if (typeof revision !== "string" || revision === "")
    throw invalidSource(`${quote(revision)} is not a revision: a branch, tag or commit is needed.`);
  const hub = String(endpoint).replace(/\/+$/, "");
  if (!/^https?:\/\/[^?#]+$/i.test(hub) || !URL.canParse(hub))
    throw invalidSource(`${quote(endpoint)} is not the address of a mirror of the Hub.`);
  return openUrl(new URL(`${hub}/${repo}/resolve/${encodeURIComponent(revision)}/`));
}

function openUrl(folder: URL): ModelFiles {
  if (folder.protocol === "file:" && pageUrl() === undefined) return openNodeFolder(folder);
  const base = new URL(folder);
  base.hash = "";
  try {
    new URL("config.json", base);
  } catch (cause) {
    throw invalidSource(`${displayed(base)} can't be a folder, as no ${base.protocol} URL can.`, cause);
  }
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  return { name: displayed(base), open: (path, signal) => fetchFile(below(base, path), path, signal) };
}

function below(base: URL, path: string): URL {
  const url = new URL(path.split("/").map(encodeURIComponent).join("/"), base);
  url.search = base.search;
  return url;
}

/** Without credentials and query: error messages end up in logs. */
function displayed(url: URL): string {
  return url.href.replace(/[?#].*$/, "").replace(/\/\/[^/@]*@/, "//");
}

async function fetchFile(url: URL, path: string, signal?: AbortSignal): Promise<OpenFile | undefined> {
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (cause) {
    signal?.throwIfAborted();
    const hint = "Check the address and the connection. Another origin must allow this page by CORS headers.";
    throw failure("network", `${path}: ${displayed(url)} could not be fetched: ${reason(cause)}`, hint, cause);
  }
  return fromResponse(response, path, displayed(url));
}

/**
 * Content-Length counts the bytes as sent, so it is no length of a body with a Content-Encoding. From another origin
 * that header can't be seen (Content-Length can), so there the length is good for a progress bar only.
 */
async function fromResponse(response: Response, path: string, url: string): Promise<OpenFile | undefined> {
  const { status, headers } = response;
  // Servers of single-page applications answer 200 and index.html for files that do not exist.
  const isPage = /^\s*text\/html\b/i.test(headers.get("content-type") ?? "") && !/\.html?$/i.test(path);
  const missing = status === 404 || status === 410 || (response.ok && isPage);
  if (missing || !response.ok) {
    response.body?.cancel().catch(() => {});
    if (missing) return undefined;
    // The Hub answers 401 for repositories that do not exist.
    const denied = status === 401 || status === 403;
    const hint = denied ? "The model does not exist, or is private or gated." : "Try again later.";
    throw failure("network", `${path}: ${url} answered ${status} ${response.statusText}`.trimEnd(), hint);
  }
  const stream = response.body ?? new Blob().stream();
  const length = headers.get("content-length") ?? "";
  const encoding = headers.get("content-encoding") ?? "identity";
  if (!/^\d+$/.test(length) || encoding.toLowerCase() !== "identity") return { stream };
  return response.type === "cors" ? { stream, expectedSize: Number(length) } : { stream, size: Number(length) };
}

function openFiles(files: unknown[]): ModelFiles {
  const isFile = (file: unknown): file is File => file instanceof Blob && "name" in file;
  if (files.length === 0) throw invalidSource("The list of files is empty.");
  if (!files.every(isFile)) throw invalidSource("The list holds something that is not a File.");
  const paths = files.map((file) => (file.webkitRelativePath || file.name).split("/"));
  const folders = paths.filter((parts) => parts.length > 1).map((parts) => parts.slice(0, -1));
  let depth = 0;
  while (folders.length > 0 && folders.every((f) => depth < f.length && f[depth] === folders[0][depth])) depth++;
  const byPath = new Map<string, File>();
  files.forEach((file, i) => {
    const path = (paths[i].length > 1 ? paths[i].slice(depth) : paths[i]).join("/");
    if (byPath.has(path)) throw invalidSource(`The list holds two files named "${path}".`);
    byPath.set(path, file);
  });
  return {
    name: folders[0]?.slice(0, depth).join("/") || "the list of files",
    open: async (path) => fromBlob(byPath.get(path)),
  };
}

const fromBlob = (blob: Blob | undefined): OpenFile | undefined => blob && { stream: blob.stream(), size: blob.size };

function openDirectory(folder: FileSystemDirectoryHandle): ModelFiles {
  return {
    name: folder.name || "the directory",
    async open(path) {
      const parts = path.split("/");
      const file = parts.pop() as string;
      let directory = folder;
      for (const part of parts) directory = await directory.getDirectoryHandle(part);
      return fromBlob(await (await directory.getFileHandle(file)).getFile());
    },
  };
}

function openReader(reader: CustomReader): ModelFiles {
  const name = "the source's read()";
  return {
    name,
    async open(path, signal) {
      let value: unknown;
      try {
        value = await reader.read(path, undefined, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (isMissing(error) || error instanceof ModelError) throw error;
        throw failure("network", `${path}: ${name} failed: ${reason(error)}`, undefined, error);
      }
      if (value === undefined || value === null) return undefined;
      if (typeof value === "string" || value instanceof ArrayBuffer || ArrayBuffer.isView(value))
        value = new Blob([value as BlobPart]);
      if (value instanceof Blob) return fromBlob(value);
      if (value instanceof Response) return fromResponse(value, path, value.url || name);
      if (typeof value === "object" && "getReader" in (value as object))
        return { stream: value as ReadableStream<Uint8Array> };
      const hint =
        "Return a Uint8Array, ArrayBuffer, ReadableStream, Blob, Response, string, or undefined for no file.";
      throw failure("invalid_source", `${path}: ${name} returned ${typeof value} where a file is needed.`, hint);
    },
  };
}

/** A specifier that bundlers can't see, so that a browser build has no trace of Node's modules. */
const importNode = <T>(specifier: string): Promise<T> =>
  import(/* @vite-ignore */ /* webpackIgnore: true */ specifier) as Promise<T>;

function openNodeFolder(folder: string | URL): ModelFiles {
  if (typeof process === "undefined" || !process.versions?.node)
    throw invalidSource(`"${folder}" is relative, and here is no page that it could be relative to: pass a full URL.`);
  const base = folder instanceof URL ? new URL(folder) : undefined;
  if (base && !base.pathname.endsWith("/")) base.pathname += "/";
  return {
    name: String(folder),
    async open(path) {
      const fs = await importNode<typeof import("node:fs")>("node:fs");
      const { Readable } = await importNode<typeof import("node:stream")>("node:stream");
      const file = base ? below(base, path) : `${folder}/${path}`;
      const stat = await fs.promises.stat(file);
      if (!stat.isFile()) return undefined;
      const stream = Readable.toWeb(fs.createReadStream(file, { highWaterMark: 1 << 20 }));
      return { stream: stream as unknown as ReadableStream<Uint8Array>, size: stat.size };
    },
  };
}

/** Names come from index files that anyone may have written; they must not lead out of the folder. */
function checkPath(path: string): void {
  const parts = path.split("/");
  if (/[\\?#:]|\p{Cc}/u.test(path) || parts.some((part) => part === "" || part === "." || part === "..")) {
    const hint = 'Names have no "..", leading "/", backslash, scheme or query.';
    throw failure("file_not_found", `${quote(path)} is not a plain file name below the model's folder.`, hint);
  }
}

/** What Node and the File System API say for "no such file", be it also thrown by the user's own `read`. */
function isMissing(error: unknown): boolean {
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
  return name === "NotFoundError" || name === "TypeMismatchError" || code === "ENOENT" || code === "ENOTDIR";
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Rejects with `signal.reason` even where what was called takes no notice of the signal; closes what comes too late. */
function untilAborted(opening: Promise<OpenFile | undefined>, signal?: AbortSignal): Promise<OpenFile | undefined> {
  if (!signal) return opening;
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(signal.reason);
      opening.then((file) => file?.stream.cancel(signal.reason)).catch(() => {});
    };
    signal.addEventListener("abort", abort, { once: true });
    opening.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
